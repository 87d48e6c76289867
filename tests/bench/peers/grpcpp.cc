/*
 * grpcpp.cc: what a good engineer would write with gRPC C++ and libpq to serve GetAsset alone, to be measured beside radioshopd.
 *
 *   grpcpp PORT CA CERTIFICATE KEY DATABASE AGENCIES CONNECTIONS
 *
 * Mutual TLS, the asynchronous completion queue, and one thread for the database, which pipelines calls over its connections and
 * wakes once for many. It does less than radioshopd: who may see what is an argument (AGENCIES, an array of PostgreSQL), not looked
 * up; it keeps no log, no limits, no deadlines. Row level security and the statement are the same; the statement is read from
 * standard input, with $1 for the code.
 */
#include "radioshop/v1/asset.grpc.pb.h"

#include <google/protobuf/util/time_util.h>
#include <grpcpp/grpcpp.h>
#include <libpq-fe.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iostream>
#include <iterator>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <vector>

using google::protobuf::FieldDescriptor;
using google::protobuf::util::TimeUtil;
namespace v1 = radioshop::v1;

namespace
{
std::string file(const char *path)
{
	std::ifstream in(path);
	return {std::istreambuf_iterator<char>(in), {}};
}

[[noreturn]] void fail(const std::string &why)
{
	std::cerr << "grpcpp: " << why << "\n";
	std::exit(1);
}

struct Call {
	grpc::ServerContext context;
	v1::GetAssetRequest request;
	v1::GetAssetResponse response;
	grpc::ServerAsyncResponseWriter<v1::GetAssetResponse> writer{&context};
	bool finished = false;
};

/* Columns to fields of Asset, by name, found once. */
class Mapping
{
public:
	void fill(const PGresult *result, v1::Asset *asset)
	{
		if (fields_.empty())
			for (int i = 0; i < PQnfields(result); i++)
				fields_.push_back(v1::Asset::descriptor()->FindFieldByName(PQfname(result, i)));
		const auto *reflection = asset->GetReflection();
		for (size_t i = 0; i < fields_.size(); i++) {
			const FieldDescriptor *f = fields_[i];
			if (f == nullptr || f->is_repeated() || PQgetisnull(result, 0, i))
				continue;
			const char *text = PQgetvalue(result, 0, i);
			switch (f->cpp_type()) {
			case FieldDescriptor::CPPTYPE_STRING: reflection->SetString(asset, f, text); break;
			case FieldDescriptor::CPPTYPE_INT32: reflection->SetInt32(asset, f, std::atoi(text)); break;
			case FieldDescriptor::CPPTYPE_INT64: reflection->SetInt64(asset, f, std::atoll(text)); break;
			case FieldDescriptor::CPPTYPE_ENUM: reflection->SetEnumValue(asset, f, label(f, text)); break;
			case FieldDescriptor::CPPTYPE_MESSAGE: *timestamp(asset, f) = TimeUtil::MicrosecondsToTimestamp(std::atoll(text)); break;
			default: break;
			}
		}
	}

private:
	static google::protobuf::Timestamp *timestamp(v1::Asset *asset, const FieldDescriptor *f)
	{
		return static_cast<google::protobuf::Timestamp *>(asset->GetReflection()->MutableMessage(asset, f));
	}

	static int label(const FieldDescriptor *f, std::string text)
	{
		std::transform(text.begin(), text.end(), text.begin(), ::toupper);
		for (int i = 0; i < f->enum_type()->value_count(); i++) {
			const auto &name = f->enum_type()->value(i)->name();
			if (name.size() > text.size() && name.compare(name.size() - text.size(), text.size(), text) == 0)
				return f->enum_type()->value(i)->number();
		}
		return 0;
	}

	std::vector<const FieldDescriptor *> fields_;
};

class Database
{
public:
	Database(const char *url, std::string agencies, int connections, const std::string &statement) : agencies_(std::move(agencies))
	{
		for (int i = 0; i < connections; i++) {
			PGconn *conn = PQconnectdb(url);
			if (PQstatus(conn) != CONNECTION_OK)
				fail(PQerrorMessage(conn));
			PQclear(PQprepare(conn, "identity", "SELECT set_config('radioshop.agencies', $1, true)", 1, nullptr));
			PGresult *prepared = PQprepare(conn, "asset", statement.c_str(), 1, nullptr);
			if (PQresultStatus(prepared) != PGRES_COMMAND_OK)
				fail(PQerrorMessage(conn));
			PQclear(prepared);
			PQsetnonblocking(conn, 1);
			PQenterPipelineMode(conn);
			lines_.push_back({conn, {}});
		}
		std::thread([this] { run(); }).detach();
	}

	void submit(Call *call)
	{
		const uint64_t one = 1;
		bool first;
		{
			std::lock_guard lock(mutex_);
			first = waiting_.empty();
			waiting_.push_back(call);
		}
		if (first && write(wake_, &one, sizeof one) < 0)
			fail("eventfd");
	}

private:
	struct Line {
		PGconn *conn;
		std::deque<Call *> sent;
	};

	[[noreturn]] void run()
	{
		std::vector<pollfd> polled{{wake_, POLLIN, 0}};
		for (Line &line : lines_)
			polled.push_back({PQsocket(line.conn), POLLIN, 0});
		for (;;) {
			for (size_t i = 0; i < lines_.size(); i++)
				polled[i + 1].events = PQflush(lines_[i].conn) == 1 ? POLLIN | POLLOUT : POLLIN;
			if (poll(polled.data(), polled.size(), -1) < 0)
				fail("poll");
			if (polled[0].revents)
				send_waiting();
			for (size_t i = 0; i < lines_.size(); i++)
				if (polled[i + 1].revents)
					receive(lines_[i]);
		}
	}

	void send_waiting()
	{
		uint64_t ignored;
		std::vector<Call *> calls;

		if (read(wake_, &ignored, sizeof ignored) < 0)
			fail("eventfd");
		{
			std::lock_guard lock(mutex_);
			calls.swap(waiting_);
		}
		for (Call *call : calls) {
			Line &line = *std::min_element(lines_.begin(), lines_.end(), [](const Line &a, const Line &b) { return a.sent.size() < b.sent.size(); });
			const char *agencies = agencies_.c_str(), *code = call->request.asset().c_str();
			PQsendQueryPrepared(line.conn, "identity", 1, &agencies, nullptr, nullptr, 0);
			PQsendQueryPrepared(line.conn, "asset", 1, &code, nullptr, nullptr, 0);
			PQpipelineSync(line.conn);
			line.sent.push_back(call);
		}
	}

	void receive(Line &line)
	{
		if (!PQconsumeInput(line.conn))
			fail(PQerrorMessage(line.conn));
		while (!line.sent.empty() && !PQisBusy(line.conn)) {
			PGresult *result = PQgetResult(line.conn);
			if (result == nullptr)
				continue; /* the end of one statement's results */
			take(line, result);
			PQclear(result);
		}
	}

	void take(Line &line, const PGresult *result)
	{
		Call *call = line.sent.front();

		switch (PQresultStatus(result)) {
		case PGRES_TUPLES_OK:
			if (PQntuples(result) == 1 && PQnfields(result) > 1 && PQgetisnull(result, 0, 0))
				mapping_.fill(result, call->response.mutable_asset());
			break;
		case PGRES_PIPELINE_SYNC:
			line.sent.pop_front();
			call->finished = true;
			if (call->response.has_asset())
				call->writer.Finish(call->response, grpc::Status::OK, call);
			else
				call->writer.FinishWithError({grpc::StatusCode::NOT_FOUND, "no such asset"}, call);
			break;
		default: fail(PQresultErrorMessage(result));
		}
	}

	const std::string agencies_;
	const int wake_ = eventfd(0, EFD_CLOEXEC);
	std::vector<Line> lines_;
	std::mutex mutex_;
	std::vector<Call *> waiting_;
	Mapping mapping_;
};

void serve(v1::AssetService::AsyncService &service, grpc::ServerCompletionQueue &queue, Database &database)
{
	void *tag;
	bool good;
	const auto ask = [&] {
		auto *call = new Call;
		service.RequestGetAsset(&call->context, &call->request, &call->writer, &queue, &queue, call);
	};

	for (int i = 0; i < 256; i++)
		ask();
	while (queue.Next(&tag, &good)) {
		auto *call = static_cast<Call *>(tag);
		if (call->finished || !good) {
			delete call;
		} else {
			ask();
			database.submit(call);
		}
	}
}
} // namespace

int main(int argc, char **argv)
{
	if (argc != 8)
		fail("PORT CA CERTIFICATE KEY DATABASE AGENCIES CONNECTIONS");
	const std::string statement{std::istreambuf_iterator<char>(std::cin), {}};
	Database database(argv[5], argv[6], std::atoi(argv[7]), statement);

	grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
	tls.pem_root_certs = file(argv[2]);
	tls.pem_key_cert_pairs.push_back({file(argv[4]), file(argv[3])});
	v1::AssetService::AsyncService service;
	grpc::ServerBuilder builder;
	builder.AddListeningPort("127.0.0.1:" + std::string(argv[1]), grpc::SslServerCredentials(tls));
	builder.RegisterService(&service);
	const auto queue = builder.AddCompletionQueue();
	const auto server = builder.BuildAndStart();
	if (!server)
		fail("cannot serve");
	std::cout << "ready" << std::endl;
	serve(service, *queue, database);
}
