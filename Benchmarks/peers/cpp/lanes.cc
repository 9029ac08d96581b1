#include "lanes.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

namespace {

constexpr int64_t kEpoch = 946684800;  // 2000-01-01, from where PostgreSQL counts, in Unix seconds
constexpr size_t kBatch = 32;

[[noreturn]] void Give(PGconn* connection, const char* what) {
  fprintf(stderr, "%s: %s", what, PQerrorMessage(connection));
  exit(1);
}

PGconn* Open(const std::string& database) {
  PGconn* connection = PQconnectdb(database.c_str());
  if (PQstatus(connection) != CONNECTION_OK) Give(connection, "connect");
  for (auto& [name, sql] : kStatements) {
    PGresult* result = PQprepare(connection, name, sql, 0, nullptr);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) Give(connection, name);
    PQclear(result);
  }
  return connection;
}

bool Answered(const PGresult* result) {
  auto status = PQresultStatus(result);
  return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
}

void Send(PGconn* connection, const char* statement, const Parameters& p) {
  if (!PQsendQueryPrepared(connection, statement, p.count(), p.values(), p.lengths(), p.formats(), 1)) Give(connection, statement);
}

uint64_t Word(const PGresult* result, int row, int column) {
  uint64_t bits;
  memcpy(&bits, PQgetvalue(result, row, column), 8);
  return be64toh(bits);
}

}  // namespace

void Parameters::Fixed(const void* bytes, int length) {
  memcpy(fixed_[count_], bytes, length);
  texts_[count_] = nullptr;
  lengths_[count_++] = length;
}
void Parameters::Int64(int64_t value) { uint64_t bits = htobe64(value); Fixed(&bits, 8); }
void Parameters::Int32(int32_t value) { uint32_t bits = htobe32(value); Fixed(&bits, 4); }
void Parameters::Bool(bool value) { char byte = value; Fixed(&byte, 1); }
void Parameters::Double(double value) {
  uint64_t bits;
  memcpy(&bits, &value, 8);
  Int64(bits);
}
void Parameters::Text(const std::string& value) {
  texts_[count_] = value.data();
  lengths_[count_++] = value.size();
}
void Parameters::Time(int64_t seconds, int32_t nanos) { Int64((seconds - kEpoch) * 1000000 + nanos / 1000); }
void Parameters::Null() {
  texts_[count_] = nullptr;
  lengths_[count_++] = -1;
}
const int* Parameters::formats() const {
  static const int binary[kMost] = {1, 1, 1, 1, 1, 1, 1, 1};
  return binary;
}
const char* const* Parameters::values() const {
  for (int i = 0; i < count_; i++) values_[i] = lengths_[i] < 0 ? nullptr : texts_[i] ? texts_[i] : fixed_[i];
  return values_;
}

int64_t Int64At(const PGresult* result, int row, int column) { return Word(result, row, column); }
int32_t Int32At(const PGresult* result, int row, int column) {
  uint32_t bits;
  memcpy(&bits, PQgetvalue(result, row, column), 4);
  return be32toh(bits);
}
double DoubleAt(const PGresult* result, int row, int column) {
  uint64_t bits = Word(result, row, column);
  double value;
  memcpy(&value, &bits, 8);
  return value;
}
void TimeAt(const PGresult* result, int row, int column, int64_t* seconds, int32_t* nanos) {
  int64_t micros = Int64At(result, row, column), rest = micros % 1000000;
  if (rest < 0) rest += 1000000;
  *seconds = (micros - rest) / 1000000 + kEpoch;
  *nanos = int32_t(rest) * 1000;
}
std::vector<int64_t> Int64sAt(const PGresult* result, int row, int column) {
  // Dimensions, flags, type; then of the one dimension its size and lower bound; then length and bytes of each.
  const char* p = PQgetvalue(result, row, column);
  auto number = [&](int at) {
    uint32_t bits;
    memcpy(&bits, p + at, 4);
    return be32toh(bits);
  };
  std::vector<int64_t> values(number(0) ? number(12) : 0);
  for (size_t i = 0; i < values.size(); i++) {
    uint64_t bits;
    memcpy(&bits, p + 20 + 12 * i + 4, 8);
    values[i] = be64toh(bits);
  }
  return values;
}

Lanes::Lanes(const std::string& database, int connections, bool writes) : writes_(writes) {
  for (int i = 0; i < connections; i++) {
    PGconn* connection = Open(database);
    PQenterPipelineMode(connection);
    std::thread([this, connection] { Work(connection); }).detach();
  }
}

void Lanes::Submit(Query query) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(query));
  }
  wake_.notify_one();
}

void Lanes::Work(PGconn* connection) {
  std::vector<Query> batch;
  std::set<std::string> prepared;
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      wake_.wait(lock, [this] { return !queue_.empty(); });
      // Of writes each connection takes one: those of several connections share a flush of the log.
      for (size_t most = writes_ ? 1 : kBatch; !queue_.empty() && batch.size() < most;) {
        batch.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
    }
    Run(connection, batch, prepared);
    batch.clear();
  }
}

void Lanes::Run(PGconn* connection, std::vector<Query>& batch, std::set<std::string>& prepared) {
  std::vector<bool> prepares;
  for (auto& query : batch) {
    prepares.push_back(!query.sql.empty() && prepared.insert(query.statement).second);
    if (prepares.back() && !PQsendPrepare(connection, query.statement.c_str(), query.sql.c_str(), 0, nullptr)) Give(connection, "prepare");
    Send(connection, query.statement.c_str(), query.parameters);
  }
  if (!PQpipelineSync(connection)) Give(connection, "sync");
  std::vector<Query> again;
  auto next = [&] {
    PGresult* result = PQgetResult(connection);
    if (!result) Give(connection, "result");
    if (PQstatus(connection) != CONNECTION_OK) Give(connection, "connection");
    PQclear(PQgetResult(connection));  // the NULL that ends a query's results
    return result;
  };
  for (size_t i = 0; i < batch.size(); i++) {
    if (prepares[i]) PQclear(next());
    PGresult* result = next();
    // Behind a query that failed the others of its pipeline were not run.
    if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED && batch.size() > 1) again.push_back(std::move(batch[i]));
    else batch[i].done(result);
    PQclear(result);
  }
  PQclear(PQgetResult(connection));  // of the sync
  for (auto& query : again) {
    std::vector<Query> one;
    one.push_back(std::move(query));
    Run(connection, one, prepared);
  }
}

Streams::Streams(const std::string& database, int connections) {
  for (int i = 0; i < connections; i++) {
    PGconn* connection = Open(database);
    std::thread([this, connection] { Work(connection); }).detach();
  }
}

void Streams::Submit(Job job) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void Streams::Work(PGconn* connection) {
  for (;;) {
    std::unique_lock<std::mutex> lock(mutex_);
    wake_.wait(lock, [this] { return !queue_.empty(); });
    Job job = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    Send(connection, job.statement.c_str(), job.parameters);
    PQsetSingleRowMode(connection);
    std::string error;
    bool wanted = true;
    while (PGresult* result = PQgetResult(connection)) {
      if (PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
        if (wanted && !job.row(result, 0)) {
          wanted = false;
          char text[256];
          PGcancel* cancel = PQgetCancel(connection);
          PQcancel(cancel, text, sizeof text);
          PQfreeCancel(cancel);
        }
      } else if (!Answered(result) && wanted) {
        error = PQresultErrorMessage(result);
      }
      PQclear(result);
    }
    if (PQstatus(connection) != CONNECTION_OK) Give(connection, "connection");
    job.end(error);
  }
}
