// Connections of libpq, each with a thread of its own.
#pragma once
#include <grpcpp/grpcpp.h>
#include <libpq-fe.h>
#include <string.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

// Parameters of one statement in PostgreSQL's binary form. Texts are not copied: they live as long as the request.
class Parameters {
 public:
  void Int64(int64_t value);
  void Int32(int32_t value);
  void Double(double value);
  void Bool(bool value);
  void Text(const std::string& value);
  void Time(int64_t seconds, int32_t nanos);
  void Null();

  int count() const { return count_; }
  const int* lengths() const { return lengths_; }
  const int* formats() const;
  // Where the values are; valid until the next call.
  const char* const* values() const;

  static constexpr int kMost = 8;

 private:
  void Fixed(const void* bytes, int length);
  int count_ = 0;
  int lengths_[kMost];
  char fixed_[kMost][8];
  const char* texts_[kMost];  // null: the value is in fixed_, or NULL if its length is negative
  mutable const char* values_[kMost];
};

struct Query {
  std::string statement;  // its name
  std::string sql;        // for what is prepared when it is first needed; else empty
  Parameters parameters;
  std::function<void(const PGresult*)> done;
};

// Takes queries that wait together, up to 32, and sends them as one pipeline.
class Lanes {
 public:
  // `writes`: each query is a transaction of its own. Reads of one pipeline share one.
  Lanes(const std::string& database, int connections, bool writes);
  void Submit(Query query);

 private:
  void Work(PGconn* connection);
  void Run(PGconn* connection, std::vector<Query>& batch, std::set<std::string>& prepared);
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Query> queue_;
  bool writes_;
};

// Runs one query at a time on each connection, and gives rows as they come.
class Streams {
 public:
  using Row = std::function<bool(const PGresult* result, int row)>;  // false: no more are wanted
  struct Job {
    std::string statement;
    Parameters parameters;
    Row row;
    std::function<void(const std::string& error)> end;  // empty: all rows have been given
  };
  Streams(const std::string& database, int connections);
  void Submit(Job job);

 private:
  void Work(PGconn* connection);
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> queue_;
};

// Values of a row in binary form.
int64_t Int64At(const PGresult* result, int row, int column);
int32_t Int32At(const PGresult* result, int row, int column);
double DoubleAt(const PGresult* result, int row, int column);
void TimeAt(const PGresult* result, int row, int column, int64_t* seconds, int32_t* nanos);
std::vector<int64_t> Int64sAt(const PGresult* result, int row, int column);  // bigint[] without NULLs

// Statements that every connection prepares when it opens: name and SQL.
extern const std::vector<std::pair<const char*, const char*>> kStatements;
