// The foreign clients' one script, on libgrpc++. See test_foreign.py for what it must print.
#include <fstream>
#include <iostream>
#include <sstream>

#include <grpcpp/grpcpp.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "radioshop/v1/asset.grpc.pb.h"

using namespace radioshop::v1;

static std::string read(const std::string &path)
{
	std::ifstream file(path);
	std::stringstream text;

	text << file.rdbuf();
	return text.str();
}

static const char *name(const grpc::Status &status)
{
	switch (status.error_code()) {
	case grpc::StatusCode::OK: return "OK";
	case grpc::StatusCode::CANCELLED: return "CANCELLED";
	case grpc::StatusCode::DEADLINE_EXCEEDED: return "DEADLINE_EXCEEDED";
	case grpc::StatusCode::NOT_FOUND: return "NOT_FOUND";
	case grpc::StatusCode::UNAVAILABLE: return "UNAVAILABLE";
	case grpc::StatusCode::UNAUTHENTICATED: return "UNAUTHENTICATED";
	default: return "another status";
	}
}

static std::string field(const grpc::Status &status)
{
	google::rpc::BadRequest bad;
	google::rpc::Status details;

	details.ParseFromString(status.error_details());
	for (const auto &detail : details.details())
		if (detail.UnpackTo(&bad))
			return bad.field_violations(0).field();
	return "";
}

struct Context : grpc::ClientContext {
	explicit Context(std::chrono::microseconds time = std::chrono::seconds(10))
	{
		set_deadline(std::chrono::system_clock::now() + time);
	}
};

static grpc::Status get(AssetService::Stub &stub, const std::string &asset, std::string &serial,
	std::chrono::microseconds time = std::chrono::seconds(10))
{
	Context context(time);
	GetAssetRequest request;
	GetAssetResponse reply;

	request.set_asset(asset);
	grpc::Status status = stub.GetAsset(&context, request, &reply);
	serial = reply.asset().serial();
	return status;
}

static std::string create(AssetService::Stub &stub, const std::string &agency, const std::string &request_id)
{
	Context context;
	CreateAssetRequest request;
	CreateAssetResponse reply;

	request.set_request_id(request_id);
	request.mutable_asset()->set_agency(agency);
	request.mutable_asset()->set_tag("FOREIGN");
	request.mutable_asset()->set_model("H98UCF9PW6BN");
	grpc::Status status = stub.CreateAsset(&context, request, &reply);
	return status.ok() ? reply.asset().id() : status.error_message();
}

static void export_all(AssetService::Stub &stub, const std::string &agency)
{
	Context context;
	ExportAssetsRequest request;
	ExportAssetsResponse reply;

	request.set_agency(agency);
	std::cout << "exported";
	auto stream = stub.ExportAssets(&context, request);
	while (stream->Read(&reply))
		std::cout << ' ' << reply.asset().tag();
	std::cout << (stream->Finish().ok() ? "\n" : " and failed\n");
}

static void watch(const std::shared_ptr<grpc::Channel> &channel)
{
	Context context;
	grpc::health::v1::HealthCheckRequest request;
	grpc::health::v1::HealthCheckResponse reply;

	request.set_service("radioshop.v1.AssetService");
	auto stream = grpc::health::v1::Health::NewStub(channel)->Watch(&context, request);
	stream->Read(&reply);
	std::cout << "watched " << grpc::health::v1::HealthCheckResponse::ServingStatus_Name(reply.status()) << '\n';
	context.TryCancel();
	std::cout << "cancelled " << name(stream->Finish()) << '\n';
}

int main(int, char **argv)
{
	const std::string agency = argv[5], tag = argv[6], request_id = argv[7];
	auto channel = grpc::CreateChannel(argv[1], grpc::SslCredentials({read(argv[2]), read(argv[4]), read(argv[3])}));
	AssetService::Stub stub(channel);
	std::string serial;
	grpc::Status status = get(stub, agency + ":" + tag, serial);

	if (!status.ok()) {
		std::cout << "refused " << name(status) << '\n';
		return 0;
	}
	std::cout << "read " << serial << '\n';
	status = get(stub, "no-such", serial);
	std::cout << "missing " << name(status) << ' ' << field(status) << '\n';
	const std::string first = create(stub, agency, request_id), second = create(stub, agency, request_id);
	std::cout << "created " << (first == second ? "once" : "twice") << '\n';
	export_all(stub, agency);
	std::cout << "late " << name(get(stub, tag, serial, std::chrono::seconds(-1))) << '\n';
	watch(channel);
}
