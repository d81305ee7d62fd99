// SPDX-License-Identifier: GPL-2.0-or-later
// Tables of docs/exports.md, written in one transaction.
#include <fmt/format.h>
#include <sqlite3.h>

#include <set>

#include "userspace/base/text.hpp"
#include "userspace/report/blame_text.hpp"
#include "userspace/report/exporter.hpp"
#include "userspace/report/words.hpp"

namespace wp::report {
namespace {

constexpr const char* kTables = R"(
CREATE TABLE recording(name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE request(id INTEGER PRIMARY KEY, pid INTEGER, tid INTEGER, comm TEXT, socket INTEGER, fd INTEGER,
  syscall TEXT, bytes INTEGER, begin INTEGER, end INTEGER, first_ns INTEGER, done_ns INTEGER, total_ns INTEGER,
  complete INTEGER, loss_nearby INTEGER, wake_needed INTEGER, wake_certainty TEXT, mechanism TEXT, wait TEXT,
  accept_queue_ns INTEGER, reply_bytes INTEGER);
CREATE TABLE stage(request INTEGER REFERENCES request(id), stage TEXT, ts_ns INTEGER, cpu INTEGER, certainty TEXT,
  why TEXT, PRIMARY KEY(request, stage)) WITHOUT ROWID;
CREATE TABLE blame(request INTEGER REFERENCES request(id), rank INTEGER, cause TEXT, ns INTEGER, certainty TEXT,
  why TEXT, culprit_tid INTEGER, culprit_comm TEXT, culprit_socket INTEGER, culprit_doing TEXT, culprit_call TEXT,
  culprit_ns INTEGER, PRIMARY KEY(request, rank)) WITHOUT ROWID;
CREATE TABLE socket(cookie INTEGER PRIMARY KEY, family TEXT, protocol TEXT, local TEXT, peer TEXT);
CREATE TABLE loss(cpu INTEGER, from_ns INTEGER, to_ns INTEGER, events INTEGER, why TEXT);
)";

// One prepared statement; its values in the order of its columns.
class Insert {
 public:
  Insert() = default;
  Insert(const Insert&) = delete;
  Insert& operator=(const Insert&) = delete;
  ~Insert() { sqlite3_finalize(statement_); }

  int prepare(sqlite3* db, const char* table, int columns) {
    std::string sql = fmt::format("INSERT INTO {} VALUES(?", table);
    for (int i = 1; i < columns; ++i) sql += ",?";
    return sqlite3_prepare_v2(db, (sql + ")").c_str(), -1, &statement_, nullptr);
  }
  Insert& number(std::uint64_t value) {
    sqlite3_bind_int64(statement_, ++column_, static_cast<sqlite3_int64>(value));
    return *this;
  }
  Insert& signed_number(std::int64_t value) {
    sqlite3_bind_int64(statement_, ++column_, value);
    return *this;
  }
  Insert& text(const std::string& value) {
    const std::string clean = valid_utf8(value);
    sqlite3_bind_text(statement_, ++column_, clean.data(), static_cast<int>(clean.size()), SQLITE_TRANSIENT);
    return *this;
  }
  Insert& nothing() {
    sqlite3_bind_null(statement_, ++column_);
    return *this;
  }
  Insert& number_if(bool is_known, std::uint64_t value) { return is_known ? number(value) : nothing(); }
  Insert& text_if(bool is_known, const std::string& value) { return is_known ? text(value) : nothing(); }
  bool row() {
    const bool done = sqlite3_step(statement_) == SQLITE_DONE;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
    column_ = 0;
    return done;
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int column_ = 0;
};

class Sqlite : public Exporter {
 public:
  Sqlite(std::string& out, std::string file) : Exporter(out), file_(std::move(file)) {}
  ~Sqlite() override {
    // Statements go before their database: they are the last members, so close_v2 waits for them.
    sqlite3_close_v2(db_);
  }

  void begin(const model::RecordingInfo& info) override {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (!is_ok(sqlite3_open_v2(file_.c_str(), &db_, flags, nullptr))) return;
    // Nobody else has the file yet: a half-written one is no use and is written anew.
    if (!run("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN") || !run(kTables)) return;
    is_ok(recording_.prepare(db_, "recording", 2));
    is_ok(request_.prepare(db_, "request", 21));
    is_ok(stage_.prepare(db_, "stage", 6));
    is_ok(blame_.prepare(db_, "blame", 12));
    is_ok(socket_.prepare(db_, "socket", 5));
    is_ok(loss_.prepare(db_, "loss", 5));
    fact("tool_version", info.tool_version);
    fact("kernel", info.kernel);
    fact("arch", info.host_arch);
    fact("target", info.target);
    fact("command", info.command);
    fact("cpus", std::to_string(info.cpus));
    fact("realtime_offset_ns", std::to_string(info.realtime_offset_ns));
  }

  void add(const model::Path& path) override {
    if (!error_.empty()) return;
    add_request(path);
    add_stages(path);
    add_blame(path);
    add_socket(path.socket);
  }

  Result<void> end(const model::Summary& summary, const std::vector<model::SchedEvent>&) override {
    if (error_.empty()) {
      fact("events", std::to_string(summary.events));
      fact("events_lost", std::to_string(summary.events_lost));
      for (const model::Gap& gap : summary.gaps)
        keep(loss_.number(gap.cpu).number(gap.from_ns).number(gap.to_ns).number(gap.count).text(gap.why).row());
      run("CREATE INDEX request_by_total ON request(total_ns); CREATE INDEX blame_by_cause ON blame(cause, ns); "
          "COMMIT");
    }
    if (error_.empty()) return {};
    return Error{ExitCode::kError, fmt::format("cannot write the database {}: {}; choose another place with -o",
                                               in_quotes(file_), error_)};
  }

 private:
  void add_request(const model::Path& path) {
    const auto total = model::total_ns(path);
    const auto& done = path.at(model::Stage::kDone);
    request_.number(path.id).number(path.task.pid).number(path.task.id.tid).text(path.task.comm);
    request_.number_if(path.socket.cookie != 0, path.socket.cookie).signed_number(path.fd).text(path.syscall);
    request_.number(path.bytes).number(path.begin).number(path.end);
    request_.number_if(total.has_value(), done.ts_ns - total.value_or(0)).number_if(done.has_time(), done.ts_ns);
    request_.number_if(total.has_value(), total.value_or(0)).number(model::is_complete(path)).number(path.loss_nearby);
    request_.number(path.wake.needed).text(model::seen_name(path.wake.certainty));
    request_.text(model::mechanism_name(path.wake.mechanism)).text_if(!path.wait_syscall.empty(), path.wait_syscall);
    request_.number_if(path.accept_queue_ns.has_value(), path.accept_queue_ns.value_or(0)).number(path.reply_bytes);
    keep(request_.row());
  }

  void add_stages(const model::Path& path) {
    for (std::size_t i = 0; i < model::kStageCount; ++i) {
      const model::StagePoint& point = path.stages[i];
      stage_.number(path.id).text(model::stage_name(static_cast<model::Stage>(i)));
      stage_.number_if(point.has_time(), point.ts_ns);
      stage_.number_if(point.has_time() && point.cpu >= 0, static_cast<std::uint64_t>(point.cpu));
      stage_.text(model::seen_name(point.seen));
      keep(stage_.text_if(point.why != model::Reason::kNone, model::reason_name(point.why)).row());
    }
  }

  void add_blame(const model::Path& path) {
    std::uint64_t rank = 0;
    for (const model::BlameShare& share : path.blame) {
      const model::Culprit& who = share.culprit;
      blame_.number(path.id).number(++rank).text(model::cause_name(share.cause)).number(share.ns);
      blame_.text(model::seen_name(share.certainty));
      blame_.text_if(share.why != model::Reason::kNone, model::reason_name(share.why));
      blame_.number_if(who.task.tid != 0, who.task.tid).text_if(who.task.tid != 0, who.comm);
      blame_.number_if(who.socket.cookie != 0, who.socket.cookie);
      blame_.text_if(who.doing != model::Doing::kUnknown, model::doing_name(who.doing));
      keep(blame_.text_if(!who.call.empty(), who.call).number(who.ns).row());
      if (who.socket.cookie) add_socket(who.socket);
    }
  }

  void add_socket(const model::Socket& socket) {
    if (socket.cookie == 0 || !sockets_.insert(socket.cookie).second) return;
    const std::string local = local_address(socket), peer = peer_address(socket);
    socket_.number(socket.cookie).text(family_name(socket)).text(protocol_name(socket));
    keep(socket_.text_if(!local.empty(), local).text_if(!peer.empty(), peer).row());
  }

  void fact(const char* name, const std::string& value) {
    if (error_.empty()) keep(recording_.text(name).text(value).row());
  }
  bool run(const char* sql) { return is_ok(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }
  void keep(bool ok) { is_ok(ok ? SQLITE_OK : SQLITE_ERROR); }
  bool is_ok(int status) {
    if (status != SQLITE_OK && error_.empty()) error_ = db_ ? sqlite3_errmsg(db_) : sqlite3_errstr(status);
    return status == SQLITE_OK;
  }

  std::string file_, error_;
  sqlite3* db_ = nullptr;
  std::set<std::uint64_t> sockets_;
  Insert recording_, request_, stage_, blame_, socket_, loss_;
};

}  // namespace

std::unique_ptr<Exporter> make_sqlite(std::string& out, const std::string& file) {
  return std::make_unique<Sqlite>(out, file);
}

}  // namespace wp::report
