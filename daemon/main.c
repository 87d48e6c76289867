/*
 * radioshopd: reads the arguments and hands over to daemon.c. Owns nothing.
 */
#include "daemon.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_CONFIG "/etc/radioshop/radioshopd.conf"

static const char help[] =
	"radioshopd " RADIOSHOP_VERSION ": serves the register, the schedules and the tickets of a radio shop.\n"
	"\n"
	"  radioshopd [--config FILE]                  serve until SIGTERM\n"
	"  radioshopd [--config FILE] --check          check all that a start needs, and end\n"
	"  radioshopd [--config FILE] --print-config   show every setting with its help and value\n"
	"\n"
	"  -c, --config FILE    settings; " DEFAULT_CONFIG " if not given\n"
	"      --check          checks the settings, the certificates, the table of methods, and every statement\n"
	"                       against the database; changes nothing and can run beside a daemon that serves\n"
	"      --print-config   what it prints is a configuration file: start yours from it\n"
	"      --version        print the version\n"
	"      --help           print this\n"
	"\n"
	"Signals: SIGHUP reads the settings and the certificates again; when anything in them is wrong, the old ones\n"
	"stay in force and the log says why. SIGTERM and SIGINT end the daemon after the calls that run; a second one\n"
	"ends it at once.\n"
	"Log: standard error, one line an event. State: http://127.0.0.1:9443/readyz and /metrics.\n"
	"Exit: 0 ended as asked or all is well, 1 could not start, 2 wrong settings or arguments.\n"
	"See radioshopd(8) and radioshopd.conf(5).\n";

enum action { SERVE, CHECK, PRINT_CONFIG, VERSION, HELP, WRONG };

static enum action read_arguments(int argc, char **argv, const char **ret_config)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'},
		{"check", no_argument, NULL, CHECK},
		{"print-config", no_argument, NULL, PRINT_CONFIG},
		{"version", no_argument, NULL, VERSION},
		{"help", no_argument, NULL, HELP},
		{NULL, 0, NULL, 0},
	};
	enum action action = SERVE;
	int option;

	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'c')
			*ret_config = optarg;
		else if (option == 'h')
			action = HELP;
		else if (option == '?')
			return WRONG;
		else
			action = (enum action)option;
	}
	if (optind < argc) {
		fprintf(stderr, "radioshopd: no such argument: %s; see radioshopd --help\n", argv[optind]);
		return WRONG;
	}
	return action;
}

/* What was printed must have arrived: a full disk is not success. */
static enum daemon_exit flushed(enum daemon_exit status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "radioshopd: cannot write: %s\n", strerror(errno));
	return DAEMON_EXIT_FAILED;
}

static enum daemon_exit act(enum action action, const char *config)
{
	switch (action) {
	case SERVE:
		return daemon_run(config ? config : DEFAULT_CONFIG);
	case CHECK:
		return flushed(daemon_check(config ? config : DEFAULT_CONFIG, stdout));
	case PRINT_CONFIG:
		/* Before there is a file, the defaults are what one wants to see. */
		if (!config && access(DEFAULT_CONFIG, F_OK) == 0)
			config = DEFAULT_CONFIG;
		return flushed(daemon_print_config(config, stdout));
	case VERSION:
		puts("radioshopd " RADIOSHOP_VERSION);
		return flushed(DAEMON_EXIT_OK);
	case HELP:
		fputs(help, stdout);
		return flushed(DAEMON_EXIT_OK);
	case WRONG:
		break;
	}
	return DAEMON_EXIT_CONFIG;
}

int main(int argc, char **argv)
{
	const char *config = NULL;
	enum action action = read_arguments(argc, argv, &config);

	/* No other process of the same user reads our keys, and no file of ours is for others. */
	prctl(PR_SET_DUMPABLE, 0);
	umask(077);
	return (int)act(action, config);
}
