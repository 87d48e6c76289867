/*
 * grpcpp_echo.cc: an echo of any unary method with gRPC C++, which neither unpacks nor packs a message, to be measured beside ours.
 *
 *   grpcpp_echo PORT CA CERTIFICATE KEY
 */
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

namespace
{
std::string file(const char *path)
{
	std::ifstream in(path);
	return {std::istreambuf_iterator<char>(in), {}};
}

/* It asks for the call, then reads the message, then answers. */
struct Call {
	enum { ASKED, READ, FINISHED } state = ASKED;
	grpc::GenericServerContext context;
	grpc::GenericServerAsyncReaderWriter stream{&context};
	grpc::ByteBuffer message;
};

void serve(grpc::AsyncGenericService &service, grpc::ServerCompletionQueue &queue)
{
	void *tag;
	bool good;
	const auto ask = [&] {
		auto *call = new Call;
		service.RequestCall(&call->context, &call->stream, &queue, &queue, call);
	};

	for (int i = 0; i < 256; i++)
		ask();
	while (queue.Next(&tag, &good)) {
		auto *call = static_cast<Call *>(tag);
		if (!good || call->state == Call::FINISHED) {
			delete call;
		} else if (call->state == Call::ASKED) {
			ask();
			call->state = Call::READ;
			call->stream.Read(&call->message, call);
		} else {
			call->state = Call::FINISHED;
			call->stream.WriteAndFinish(call->message, {}, grpc::Status::OK, call);
		}
	}
}
} // namespace

int main(int argc, char **argv)
{
	if (argc != 5) {
		std::cerr << "grpcpp_echo: PORT CA CERTIFICATE KEY\n";
		return 64;
	}
	grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
	tls.pem_root_certs = file(argv[2]);
	tls.pem_key_cert_pairs.push_back({file(argv[4]), file(argv[3])});
	grpc::AsyncGenericService service;
	grpc::ServerBuilder builder;
	builder.AddListeningPort("127.0.0.1:" + std::string(argv[1]), grpc::SslServerCredentials(tls));
	builder.RegisterAsyncGenericService(&service);
	const auto queue = builder.AddCompletionQueue();
	const auto server = builder.BuildAndStart();
	if (!server)
		return 1;
	std::cout << "ready" << std::endl;
	serve(service, *queue);
}
