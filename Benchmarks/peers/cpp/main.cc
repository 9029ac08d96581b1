// gRPC C++ with libpq: callback API, prepared statements, pipelined reads. For bench.proto.
//   cpp-peer PORT, with libpq's connection string in BENCH_PG
#include <absl/synchronization/mutex.h>

#include "bench.grpc.pb.h"
#include "lanes.h"

using namespace bench;
using google::protobuf::Empty;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;
using grpc::Status;
using grpc::StatusCode;

#define POST "id, title, content, views, rating, published, created"
// What is done for each column of bench_wide.
#define TWENTY(X) X(01) X(02) X(03) X(04) X(05) X(06) X(07) X(08) X(09) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20)
#define TEN(X) X(01) X(02) X(03) X(04) X(05) X(06) X(07) X(08) X(09) X(10)
#define NINE(X) X(01) X(02) X(03) X(04) X(05) X(06) X(07) X(08) X(09)
#define T_NAME(i) ", t" #i
#define N_NAME(i) ", n" #i
#define D_NAME(i) ", d" #i
#define B_NAME(i) ", b" #i
#define WIDE "id" TWENTY(T_NAME) TWENTY(N_NAME) TEN(D_NAME) NINE(B_NAME)
#define SOME " WHERE id >= $2 AND (published OR NOT $3)"

const std::vector<std::pair<const char*, const char*>> kStatements = {
    {"retrieve", "SELECT " POST " FROM bench_post WHERE id = $1"},
    {"heavy", "SELECT " POST " FROM bench_heavy WHERE id = $1"},
    {"wide", "SELECT " WIDE " FROM bench_wide WHERE id = $1"},
    {"list", "SELECT " POST " FROM bench_post ORDER BY id LIMIT $1"},
    {"list_some", "SELECT " POST " FROM bench_post" SOME " ORDER BY id LIMIT $1"},
    {"list_tagged", "SELECT " POST ", ARRAY(SELECT tag_id FROM bench_post_tags WHERE post_id = bench_post.id ORDER BY tag_id) FROM bench_post ORDER BY id LIMIT $1"},
    {"list_wide", "SELECT " WIDE " FROM bench_wide ORDER BY id LIMIT $1"},
    {"create", "INSERT INTO bench_post (title, content, views, rating, published, created) VALUES ($1, $2, $3, $4, $5, $6) RETURNING " POST},
    {"update", "UPDATE bench_post SET title = $2, content = $3, views = $4, rating = $5, published = $6, created = $7 WHERE id = $1 RETURNING " POST},
    {"destroy", "DELETE FROM bench_post WHERE id = $1"},
};

namespace {

template <class Message>
void FillPost(const PGresult* r, int row, Message* post) {
  post->set_id(Int64At(r, row, 0));
  post->set_title(PQgetvalue(r, row, 1), PQgetlength(r, row, 1));
  post->set_content(PQgetvalue(r, row, 2), PQgetlength(r, row, 2));
  post->set_views(Int32At(r, row, 3));
  if (PQgetisnull(r, row, 4)) post->clear_rating();
  else post->mutable_rating()->set_value(DoubleAt(r, row, 4));
  post->set_published(*PQgetvalue(r, row, 5));
  int64_t seconds;
  int32_t nanos;
  TimeAt(r, row, 6, &seconds, &nanos);
  post->mutable_created()->set_seconds(seconds);
  post->mutable_created()->set_nanos(nanos);
}

void Fill(const PGresult* r, int row, Post* post) { FillPost(r, row, post); }

void Fill(const PGresult* r, int row, TaggedPost* post) {
  FillPost(r, row, post);
  auto tags = Int64sAt(r, row, 7);
  post->mutable_tags()->Assign(tags.begin(), tags.end());
}

void Fill(const PGresult* r, int row, Wide* wide) {
  wide->set_id(Int64At(r, row, 0));
  int column = 0;
#define T_FILL(i) column++, wide->set_t##i(PQgetvalue(r, row, column), PQgetlength(r, row, column));
#define N_FILL(i) wide->set_n##i(Int64At(r, row, ++column));
#define D_FILL(i) wide->set_d##i(DoubleAt(r, row, ++column));
#define B_FILL(i) wide->set_b##i(*PQgetvalue(r, row, ++column));
  TWENTY(T_FILL) TWENTY(N_FILL) TEN(D_FILL) NINE(B_FILL)
}

Status NotFound(int64_t id) { return {StatusCode::NOT_FOUND, "Post: " + std::to_string(id) + " not found!"}; }
Status Invalid(const char* what) { return {StatusCode::INVALID_ARGUMENT, what}; }

bool BadTitle(const std::string& title) {
  size_t characters = 0;
  for (unsigned char byte : title) characters += (byte & 0xc0) != 0x80;
  return characters == 0 || characters > 100;
}

Status Validate(const Post& post) {
  if (BadTitle(post.title())) return Invalid("title: 1 to 100 characters");
  if (post.content().empty()) return Invalid("content: may not be blank");
  if (!post.has_created()) return Invalid("created: required");
  return Status::OK;
}

void Columns(const Post& post, Parameters* p) {
  p->Text(post.title());
  p->Text(post.content());
  p->Int32(post.views());
  if (post.has_rating()) p->Double(post.rating().value());
  else p->Null();
  p->Bool(post.published());
  p->Time(post.created().seconds(), post.created().nanos());
}

struct Database {
  explicit Database(const std::string& where)
      // Few connections make long pipelines of reads; many let PostgreSQL flush its log for several writes at once.
      : reads(where, 4, false), writes(where, 16, true), streams(where, 8) {}
  Lanes reads, writes;
  Streams streams;
};

ServerUnaryReactor* Refuse(CallbackServerContext* context, const Status& status) {
  auto* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

// Answers with the one row of a query.
template <class Message>
ServerUnaryReactor* OneRow(CallbackServerContext* context, Lanes& lanes, int64_t id, Query query, Message* out) {
  auto* reactor = context->DefaultReactor();
  query.done = [reactor, id, out](const PGresult* result) {
    if (PQresultStatus(result) != PGRES_TUPLES_OK) return reactor->Finish({StatusCode::INTERNAL, PQresultErrorMessage(result)});
    if (!PQntuples(result)) return reactor->Finish(NotFound(id));
    Fill(result, 0, out);
    reactor->Finish(Status::OK);
  };
  lanes.Submit(std::move(query));
  return reactor;
}

template <class Message>
ServerUnaryReactor* Lookup(CallbackServerContext* context, Lanes& lanes, const char* statement, int64_t id, Message* out) {
  Query query{statement, "", {}, {}};
  query.parameters.Int64(id);
  return OneRow(context, lanes, id, std::move(query), out);
}

// Rows go from the connection's thread to gRPC's in chunks, of which at most two are there at a time.
template <class Message>
class RowWriter : public grpc::ServerWriteReactor<Message> {
 public:
  RowWriter(Database& database, const char* statement, const char* filtered, const PostListRequest& request) {
    Streams::Job job;
    bool some = filtered && (request.id_from() || request.published_only());
    job.statement = some ? filtered : statement;
    if (request.page_size() > 0) job.parameters.Int64(request.page_size());
    else job.parameters.Null();
    if (some) job.parameters.Int64(request.id_from()), job.parameters.Bool(request.published_only());
    job.row = [this](const PGresult* result, int row) {
      if (read_.size() == used_) read_.emplace_back();
      Fill(result, row, &read_[used_++]);
      return used_ < kChunk || HandOver(false);
    };
    job.end = [this](const std::string& error) {
      error_ = error;
      HandOver(true);
    };
    database.streams.Submit(std::move(job));
  }

  void OnWriteDone(bool ok) override {
    if (!ok) {
      std::unique_lock<std::mutex> lock(mutex_);
      stopped_ = true;
      bool finish = ended_;
      writing_ = false;
      lock.unlock();
      wake_.notify_one();
      if (finish) this->Finish(Status::CANCELLED);
      return;
    }
    Next();
  }
  void OnDone() override { delete this; }

 private:
  static constexpr size_t kChunk = 256;

  // In the connection's thread. False: the client is gone.
  bool HandOver(bool last) {
    std::unique_lock<std::mutex> lock(mutex_);
    wake_.wait(lock, [this] { return !writing_; });
    ended_ = last;
    if (stopped_) {
      if (!last) return false;
      lock.unlock();
      this->Finish(Status::CANCELLED);
      return false;
    }
    read_.swap(written_);
    count_ = used_, used_ = 0, at_ = 0;
    writing_ = true;
    lock.unlock();
    Next();  // `this` may be gone behind it when `last`
    return true;
  }

  void Next() {
    if (at_ < count_) {
      // grpc 1.51 sends the headers with the first message, and does not begin with one that may wait.
      grpc::WriteOptions options;
      if (sent_++ && at_ + 1 < count_) options.set_buffer_hint();
      return this->StartWrite(&written_[at_++], options);
    }
    std::unique_lock<std::mutex> lock(mutex_);
    writing_ = false;
    bool last = ended_;
    lock.unlock();
    if (last) this->Finish(error_.empty() ? Status::OK : Status(StatusCode::INTERNAL, error_));
    else wake_.notify_one();
  }

  std::vector<Message> read_, written_;
  size_t used_ = 0, count_ = 0, at_ = 0, sent_ = 0;
  std::string error_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool writing_ = false, ended_ = false, stopped_ = false;
};

class Posts final : public PostController::CallbackService {
 public:
  explicit Posts(Database& database) : db_(database) {}

  ServerUnaryReactor* Retrieve(CallbackServerContext* c, const PostRetrieveRequest* q, Post* out) override {
    return Lookup(c, db_.reads, "retrieve", q->id(), out);
  }
  grpc::ServerWriteReactor<Post>* List(CallbackServerContext*, const PostListRequest* q) override {
    return new RowWriter<Post>(db_, "list", "list_some", *q);
  }
  ServerUnaryReactor* Create(CallbackServerContext* c, const Post* post, Post* out) override {
    if (Status wrong = Validate(*post); !wrong.ok()) return Refuse(c, wrong);
    Query query{"create", "", {}, {}};
    Columns(*post, &query.parameters);
    return OneRow(c, db_.writes, 0, std::move(query), out);
  }
  ServerUnaryReactor* Update(CallbackServerContext* c, const Post* post, Post* out) override {
    if (Status wrong = Validate(*post); !wrong.ok()) return Refuse(c, wrong);
    Query query{"update", "", {}, {}};
    query.parameters.Int64(post->id());
    Columns(*post, &query.parameters);
    return OneRow(c, db_.writes, post->id(), std::move(query), out);
  }
  // Each set of fields is a statement of its own.
  ServerUnaryReactor* PartialUpdate(CallbackServerContext* c, const PostPartialUpdateRequest* q, Post* out) override {
    if (q->has_title() && BadTitle(q->title().value())) return Refuse(c, Invalid("title: 1 to 100 characters"));
    if (q->has_content() && q->content().value().empty()) return Refuse(c, Invalid("content: may not be blank"));
    Query query{"partial", "", {}, {}};
    Parameters& p = query.parameters;
    p.Int64(q->id());
    std::string set;
    auto column = [&](const char* name) {
      set += (set.empty() ? "" : ", ") + std::string(name) + " = $" + std::to_string(p.count());
      query.statement += std::string("_") + name;
    };
    if (q->has_title()) p.Text(q->title().value()), column("title");
    if (q->has_content()) p.Text(q->content().value()), column("content");
    if (q->has_views()) p.Int32(q->views().value()), column("views");
    if (q->has_rating()) p.Double(q->rating().value()), column("rating");
    if (q->has_published()) p.Bool(q->published().value()), column("published");
    if (q->has_created()) p.Time(q->created().seconds(), q->created().nanos()), column("created");
    if (set.empty()) return Lookup(c, db_.reads, "retrieve", q->id(), out);
    query.sql = "UPDATE bench_post SET " + set + " WHERE id = $1 RETURNING " POST;
    return OneRow(c, db_.writes, q->id(), std::move(query), out);
  }
  ServerUnaryReactor* Destroy(CallbackServerContext* c, const PostDestroyRequest* q, Empty*) override {
    auto* reactor = c->DefaultReactor();
    Query query{"destroy", "", {}, {}};
    query.parameters.Int64(q->id());
    query.done = [reactor, id = q->id()](const PGresult* result) {
      if (PQresultStatus(result) != PGRES_COMMAND_OK) return reactor->Finish({StatusCode::INTERNAL, PQresultErrorMessage(result)});
      bool none = !strcmp(PQcmdTuples(const_cast<PGresult*>(result)), "0");
      reactor->Finish(none ? NotFound(id) : Status::OK);
    };
    db_.writes.Submit(std::move(query));
    return reactor;
  }

 private:
  Database& db_;
};

class Heavies final : public HeavyController::CallbackService {
 public:
  explicit Heavies(Database& database) : db_(database) {}
  ServerUnaryReactor* Retrieve(CallbackServerContext* c, const PostRetrieveRequest* q, Post* out) override {
    return Lookup(c, db_.reads, "heavy", q->id(), out);
  }

 private:
  Database& db_;
};

class TaggedPosts final : public TaggedController::CallbackService {
 public:
  explicit TaggedPosts(Database& database) : db_(database) {}
  grpc::ServerWriteReactor<TaggedPost>* List(CallbackServerContext*, const PostListRequest* q) override {
    return new RowWriter<TaggedPost>(db_, "list_tagged", nullptr, *q);
  }

 private:
  Database& db_;
};

class Wides final : public WideController::CallbackService {
 public:
  explicit Wides(Database& database) : db_(database) {}
  ServerUnaryReactor* Retrieve(CallbackServerContext* c, const PostRetrieveRequest* q, Wide* out) override {
    return Lookup(c, db_.reads, "wide", q->id(), out);
  }
  grpc::ServerWriteReactor<Wide>* List(CallbackServerContext*, const PostListRequest* q) override {
    return new RowWriter<Wide>(db_, "list_wide", nullptr, *q);
  }

 private:
  Database& db_;
};

}  // namespace

int main(int argc, char** argv) {
  const char* where = getenv("BENCH_PG");
  if (argc != 2 || !where) {
    fprintf(stderr, "usage: BENCH_PG=CONNECTION cpp-peer PORT\n");
    return 2;
  }
  // Debian builds abseil with its checks of the order of locks, which cost much.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  Database database(where);
  Posts posts(database);
  Heavies heavies(database);
  TaggedPosts tagged(database);
  Wides wides(database);
  grpc::ServerBuilder builder;
  builder.AddListeningPort(std::string("127.0.0.1:") + argv[1], grpc::InsecureServerCredentials());
  for (grpc::Service* service : {static_cast<grpc::Service*>(&posts), static_cast<grpc::Service*>(&heavies),
                                 static_cast<grpc::Service*>(&tagged), static_cast<grpc::Service*>(&wides)})
    builder.RegisterService(service);
  auto server = builder.BuildAndStart();
  if (!server) return 1;
  server->Wait();
}
