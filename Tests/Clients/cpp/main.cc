// The ancestor's four clients in C++: `client HOST:PORT` prints what each call answers.
#include <grpcpp/grpcpp.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

#include "account.grpc.pb.h"
#include "blog_proto/post.grpc.pb.h"
#include "hrm.grpc.pb.h"
#include "snippets.grpc.pb.h"

using google::protobuf::Empty;
using grpc::Channel;
using grpc::ClientContext;
using grpc::Status;

namespace {

void expect(const Status& status, grpc::StatusCode code = grpc::StatusCode::OK) {
  if (status.error_code() == code) return;
  std::cerr << "status " << status.error_code() << ": " << status.error_message() << "\n";
  std::exit(1);
}

// Makes one unary call with a deadline and ends the program if it fails.
template <typename Response, typename Call>
Response call(Call&& make) {
  ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  Response response;
  expect(make(&context, &response));
  return response;
}

void tutorial(const std::shared_ptr<Channel>& channel) {
  auto stub = blog_proto::PostController::NewStub(channel);
  blog_proto::Post post;
  post.set_title("t1");
  post.set_content("c1");
  auto created = call<blog_proto::Post>([&](auto* context, auto* response) { return stub->Create(context, post, response); });
  std::cout << "Create " << created.title() << " " << created.content() << "\n";

  ClientContext listing;
  auto reader = stub->List(&listing, blog_proto::PostListRequest());
  for (blog_proto::Post row; reader->Read(&row);) std::cout << "List " << row.title() << " " << (row.id() == created.id()) << "\n";
  expect(reader->Finish());

  blog_proto::PostRetrieveRequest request;
  request.set_id(created.id());
  auto found = call<blog_proto::Post>([&](auto* context, auto* response) { return stub->Retrieve(context, request, response); });
  std::cout << "Retrieve " << found.title() << " " << found.content() << "\n";

  post.set_id(created.id());
  post.set_title("t2");
  post.set_content("c2");
  auto updated = call<blog_proto::Post>([&](auto* context, auto* response) { return stub->Update(context, post, response); });
  std::cout << "Update " << updated.title() << " " << updated.content() << "\n";

  call<Empty>([&](auto* context, auto* response) { return stub->Destroy(context, post, response); });
  ClientContext again;
  blog_proto::Post nothing;
  auto status = stub->Retrieve(&again, request, &nothing);
  expect(status, grpc::StatusCode::NOT_FOUND);
  std::cout << "Destroy " << (status.error_details().empty() ? "without details" : "with details") << "\n";
}

void quickstart(const std::shared_ptr<Channel>& channel) {
  auto stub = account::UserController::NewStub(channel);
  account::User user;
  user.set_username("tom");
  user.set_email("tom@account.com");
  user.add_groups(1);
  user.add_groups(2);
  auto created = call<account::User>([&](auto* context, auto* response) { return stub->Create(context, user, response); });
  std::cout << "User " << created.username() << " " << created.groups_size() << "\n";
  ClientContext listing;
  auto reader = stub->List(&listing, account::UserListRequest());
  for (account::User row; reader->Read(&row);) std::cout << "List " << row.email() << " " << row.groups_size() << "\n";
  expect(reader->Finish());
  call<Empty>([&](auto* context, auto* response) { return stub->Destroy(context, created, response); });
}

void person(const std::shared_ptr<Channel>& channel) {
  auto stub = hrm::PersonController::NewStub(channel);
  hrm::PersonPartialUpdateRequest request;
  request.set_id(1);
  request.mutable_name()->set_value("amy");
  auto changed = call<hrm::Person>([&](auto* context, auto* response) { return stub->PartialUpdate(context, request, response); });
  std::cout << "Person " << changed.name() << " " << changed.email() << "\n";
}

void snippet(const std::shared_ptr<Channel>& channel) {
  auto stub = snippets::SnippetController::NewStub(channel);
  snippets::Snippet request;
  request.set_id(1);
  request.set_title("snippet title");
  request.mutable_language()->set_null(google::protobuf::NULL_VALUE);
  auto changed = call<snippets::Snippet>([&](auto* context, auto* response) { return stub->Update(context, request, response); });
  std::cout << "Snippet " << changed.title() << " " << (changed.language().kind_case() == snippets::NullableString::kNull) << "\n";
  request.mutable_language()->set_value("c++");
  changed = call<snippets::Snippet>([&](auto* context, auto* response) { return stub->Update(context, request, response); });
  std::cout << "Snippet " << changed.title() << " " << changed.language().value() << "\n";
}

}  // namespace

int main(int, char** arguments) {
  auto channel = grpc::CreateChannel(arguments[1], grpc::InsecureChannelCredentials());
  tutorial(channel);
  quickstart(channel);
  person(channel);
  snippet(channel);
}
