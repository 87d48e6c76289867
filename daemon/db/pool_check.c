/*
 * pool_check.c: `radioshopd --check` of the database: connects once, looks, and goes. Blocking.
 *
 * Runs the same inspection as a backend of the daemon. Owns its one connection.
 */
#include "backend.h"
#include "clock.h"
#include "conninfo.h"
#include "log.h"
#include "pool.h"

#include <poll.h>
#include <string.h>

/* A server that is silent for as long is taken to be gone. */
enum { ANSWER_TIMEOUT_MS = 30000 };

static bool no_connection(PGconn *conn, const char *why, struct error *err)
{
	const char *message = conn ? PQerrorMessage(conn) : "";

	if (message[0] == '\0')
		message = why;
	return error_set(err, STATUS_UNAVAILABLE, NULL, "the database cannot be reached: %.*s",
		(int)strcspn(message, "\n"), message);
}

/* Without this libpq would write to standard error by itself. */
static void on_notice(void *arg, const PGresult *result)
{
	(void)arg;
	log_event(LOG_LEVEL_WARNING, "database_notice", "text", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
		NULL);
}

static bool wait_for(PGconn *conn, short what, int64_t until_ms)
{
	struct pollfd fd = {.fd = PQsocket(conn), .events = what};
	int64_t left = until_ms - clock_ms();

	return left > 0 && poll(&fd, 1, (int)left) > 0;
}

/* Connects within timeout_ms; the caller finishes conn either way. */
static bool connect_within(PGconn *conn, int timeout_ms, struct error *err)
{
	int64_t until_ms = clock_ms() + timeout_ms;
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	if (!conn || PQstatus(conn) == CONNECTION_BAD)
		return no_connection(conn, "not enough memory", err);
	while (status != PGRES_POLLING_OK) {
		if (status == PGRES_POLLING_FAILED)
			return no_connection(conn, "connecting failed", err);
		if (!wait_for(conn, status == PGRES_POLLING_READING ? POLLIN : POLLOUT, until_ms))
			return no_connection(NULL, "no answer within connect_timeout_ms", err);
		status = PQconnectPoll(conn);
	}
	/* Non-blocking, so that neither side waits for the other to read. */
	return (PQsetnonblocking(conn, 1) == 0 && PQenterPipelineMode(conn)) ||
	       no_connection(conn, "pipeline mode is refused", err);
}

static bool inspect(struct inspection *i, struct error *err)
{
	enum inspection_verdict verdict = INSPECTION_GOES_ON;

	if (!inspection_begin(i))
		return no_connection(i->conn, "the connection broke", err);
	while (verdict == INSPECTION_GOES_ON) {
		PGresult *result;

		while (PQisBusy(i->conn)) {
			int left = PQflush(i->conn);
			short what = (short)(left > 0 ? POLLIN | POLLOUT : POLLIN);

			if (left < 0 || !wait_for(i->conn, what, clock_ms() + ANSWER_TIMEOUT_MS) ||
				!PQconsumeInput(i->conn))
				return no_connection(i->conn, "it does not answer", err);
		}
		result = PQgetResult(i->conn);
		if (result)
			verdict = inspection_take(i, result);
		else if (PQstatus(i->conn) == CONNECTION_BAD)
			verdict = INSPECTION_FAILED;
		PQclear(result);
	}
	if (verdict == INSPECTION_PASSED)
		return true;
	if (i->faults.count == 0)
		return no_connection(i->conn, "the connection broke", err);
	*err = i->faults.first;
	return false;
}

bool pool_check(const struct pool_config *config, struct statement *const *statements, size_t statement_count,
	struct error *err)
{
	struct constraint_table constraints = {0};
	struct inspection i = {.statements = statements,
		.statement_count = statement_count,
		.lock_timeout_ms = config->lock_timeout_ms,
		.describe = true,
		.constraints = &constraints};
	bool good;

	i.conn = conninfo_open(config->conninfo, 0);
	if (i.conn)
		PQsetNoticeReceiver(i.conn, on_notice, NULL);
	good = connect_within(i.conn, config->connect_timeout_ms, err) && inspect(&i, err);
	PQfinish(i.conn);
	inspection_release(&i);
	constraint_table_release(&constraints);
	for (size_t n = 0; n < statement_count; n++)
		statement_forget(statements[n]);
	return good;
}
