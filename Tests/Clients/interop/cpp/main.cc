// gRPC's interoperability cases in C++: `client HOST:PORT` prints the name of each case that passed.
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "interop.grpc.pb.h"

using namespace grpc::testing;
using grpc::ClientContext;
using grpc::Status;
using grpc::StatusCode;

namespace {

const int kSizes[] = {27182, 8, 1828, 45904};
const int kAnswers[] = {31415, 9, 2653, 58979};

void require(bool fine, const std::string& what) {
  if (fine) return;
  std::cerr << "failed: " << what << "\n";
  std::exit(1);
}

void require(const Status& status, StatusCode code = StatusCode::OK) {
  require(status.error_code() == code, "status " + std::to_string(status.error_code()) + ": " + status.error_message());
}

struct Context : ClientContext {
  explicit Context(int seconds = 60) { set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds)); }
};

SimpleRequest large() {
  SimpleRequest request;
  request.set_response_size(314159);
  request.mutable_payload()->set_body(std::string(271828, '\0'));
  return request;
}

using Stub = TestService::Stub;

void empty_unary(Stub* stub) {
  Context context;
  Empty answer;
  require(stub->EmptyCall(&context, Empty(), &answer));
}

void large_unary(Stub* stub) {
  Context context;
  SimpleResponse answer;
  require(stub->UnaryCall(&context, large(), &answer));
  require(answer.payload().body() == std::string(314159, '\0'), "payload");
}

void compressed_unary(Stub* stub, grpc_compression_algorithm algorithm) {
  for (bool compressed : {true, false}) {
    Context context;
    if (compressed) context.set_compression_algorithm(algorithm);
    SimpleRequest request = large();
    request.mutable_expect_compressed()->set_value(compressed);
    request.mutable_response_compressed()->set_value(compressed);
    SimpleResponse answer;
    require(stub->UnaryCall(&context, request, &answer));
    require(answer.payload().body() == std::string(314159, '\0'), "payload");
  }
}

void client_streaming(Stub* stub) {
  Context context;
  StreamingInputCallResponse answer;
  auto writer = stub->StreamingInputCall(&context, &answer);
  for (int size : kSizes) {
    StreamingInputCallRequest request;
    request.mutable_payload()->set_body(std::string(size, '\0'));
    require(writer->Write(request), "write");
  }
  writer->WritesDone();
  require(writer->Finish());
  require(answer.aggregated_payload_size() == 74922, "size");
}

void server_streaming(Stub* stub, bool compressed) {
  Context context;
  StreamingOutputCallRequest request;
  for (int size : kAnswers) {
    auto* parameters = request.add_response_parameters();
    parameters->set_size(size);
    if (compressed) parameters->mutable_compressed()->set_value(size > 10000);
  }
  auto reader = stub->StreamingOutputCall(&context, request);
  StreamingOutputCallResponse answer;
  for (int size : kAnswers) require(reader->Read(&answer) && answer.payload().body() == std::string(size, '\0'), "message");
  require(!reader->Read(&answer), "one too many");
  require(reader->Finish());
}

StreamingOutputCallRequest ask(int size, int payload) {
  StreamingOutputCallRequest request;
  request.add_response_parameters()->set_size(size);
  request.mutable_payload()->set_body(std::string(payload, '\0'));
  return request;
}

void ping_pong(Stub* stub) {
  Context context;
  auto stream = stub->FullDuplexCall(&context);
  for (int index = 0; index < 4; index++) {
    require(stream->Write(ask(kAnswers[index], kSizes[index])), "write");
    StreamingOutputCallResponse answer;
    require(stream->Read(&answer) && answer.payload().body().size() == size_t(kAnswers[index]), "message");
  }
  stream->WritesDone();
  StreamingOutputCallResponse answer;
  require(!stream->Read(&answer), "one too many");
  require(stream->Finish());
}

void empty_stream(Stub* stub) {
  Context context;
  auto stream = stub->FullDuplexCall(&context);
  stream->WritesDone();
  StreamingOutputCallResponse answer;
  require(!stream->Read(&answer), "one too many");
  require(stream->Finish());
}

void custom_metadata(Stub* stub) {
  const std::string bytes("\xab\xab\xab\0\xff", 5);
  Context context;
  context.AddMetadata("x-grpc-test-echo-initial", "test_initial_metadata_value");
  context.AddMetadata("x-grpc-test-echo-trailing-bin", bytes);
  SimpleResponse answer;
  require(stub->UnaryCall(&context, large(), &answer));
  const auto& initial = context.GetServerInitialMetadata();
  auto text = initial.find("x-grpc-test-echo-initial");
  require(text != initial.end() && text->second == "test_initial_metadata_value", "initial metadata");
  const auto& trailing = context.GetServerTrailingMetadata();
  auto binary = trailing.find("x-grpc-test-echo-trailing-bin");
  require(binary != trailing.end() && binary->second == bytes, "trailing metadata");
}

void status_message(Stub* stub, const std::string& message) {
  SimpleRequest request;
  request.mutable_response_status()->set_code(2);
  request.mutable_response_status()->set_message(message);
  Context context;
  SimpleResponse answer;
  Status status = stub->UnaryCall(&context, request, &answer);
  require(status, StatusCode::UNKNOWN);
  require(status.error_message() == message, "message " + status.error_message());
}

void unimplemented(Stub* stub, UnimplementedService::Stub* other) {
  Context first, second;
  Empty answer;
  require(stub->UnimplementedCall(&first, Empty(), &answer), StatusCode::UNIMPLEMENTED);
  require(other->UnimplementedCall(&second, Empty(), &answer), StatusCode::UNIMPLEMENTED);
}

void cancel_after_begin(Stub* stub) {
  Context context;
  StreamingInputCallResponse answer;
  auto writer = stub->StreamingInputCall(&context, &answer);
  context.TryCancel();
  require(writer->Finish(), StatusCode::CANCELLED);
}

void cancel_after_first_response(Stub* stub) {
  Context context;
  auto stream = stub->FullDuplexCall(&context);
  StreamingOutputCallResponse answer;
  require(stream->Write(ask(31415, 27182)) && stream->Read(&answer), "message");
  context.TryCancel();
  require(stream->Finish(), StatusCode::CANCELLED);
}

void timeout_on_sleeping_server(Stub* stub) {
  ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(1));
  auto stream = stub->FullDuplexCall(&context);
  StreamingOutputCallRequest request;
  request.mutable_payload()->set_body(std::string(27182, '\0'));
  stream->Write(request);
  require(stream->Finish(), StatusCode::DEADLINE_EXCEEDED);
}

}  // namespace

// client HOST:PORT [AUTHORITY.pem]: over TLS when an authority is given.
int main(int count, char** arguments) {
  auto credentials = grpc::InsecureChannelCredentials();
  if (count > 2) {
    std::ifstream file(arguments[2]);
    grpc::SslCredentialsOptions options;
    options.pem_root_certs.assign(std::istreambuf_iterator<char>(file), {});
    credentials = grpc::SslCredentials(options);
  }
  auto channel = grpc::CreateChannel(arguments[1], credentials);
  auto stub = TestService::NewStub(channel);
  auto other = UnimplementedService::NewStub(channel);
  auto run = [](const char* name, auto&& body) {
    body();
    std::cout << name << "\n";
  };
  Stub* test = stub.get();
  run("empty_unary", [&] { empty_unary(test); });
  run("large_unary", [&] { large_unary(test); });
  run("compressed_unary", [&] {
    compressed_unary(test, GRPC_COMPRESS_GZIP);
    compressed_unary(test, GRPC_COMPRESS_DEFLATE);
  });
  run("client_streaming", [&] { client_streaming(test); });
  run("server_streaming", [&] { server_streaming(test, false); });
  run("server_compressed_streaming", [&] { server_streaming(test, true); });
  run("ping_pong", [&] { ping_pong(test); });
  run("empty_stream", [&] { empty_stream(test); });
  run("custom_metadata", [&] { custom_metadata(test); });
  run("status_code_and_message", [&] { status_message(test, "test status message"); });
  run("special_status_message", [&] { status_message(test, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"); });
  run("unimplemented", [&] { unimplemented(test, other.get()); });
  run("cancel_after_begin", [&] { cancel_after_begin(test); });
  run("cancel_after_first_response", [&] { cancel_after_first_response(test); });
  run("timeout_on_sleeping_server", [&] { timeout_on_sleeping_server(test); });
}
