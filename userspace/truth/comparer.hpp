// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once
// Compares the paths of a recording with what server and client logged themselves. Paths stream through;
// kept are the logs, one byte per request and the ranges of every connection.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "userspace/base/result.hpp"
#include "userspace/model/model.hpp"
#include "userspace/truth/coverage.hpp"
#include "userspace/truth/files.hpp"
#include "userspace/truth/rules.hpp"

namespace wp::truth {

/// Each request is in exactly one of the four; the first that applies, from wrong to complete.
struct Counts {
  std::uint64_t requests = 0;
  std::uint64_t wrong = 0;     ///< something about one of its bytes contradicts the logs
  std::uint64_t missing = 0;   ///< a byte of it is in no path
  std::uint64_t partial = 0;   ///< a path of it is not complete: the recording says so itself
  std::uint64_t complete = 0;  ///< every byte in one path, each of them complete and without contradiction
  std::uint64_t stray = 0;     ///< paths (not requests) of connections or bytes that never were
};

struct Verdict {
  Counts counts;
  std::map<std::string, std::uint64_t> contradictions;  ///< rule -> paths that broke it
  std::vector<std::string> explanations;                ///< of wrong and stray first, then missing, then partial

  /// Incomplete is honest, wrong or missing is not.
  [[nodiscard]] bool holds() const { return counts.wrong == 0 && counts.missing == 0 && counts.stray == 0; }
};

/// What the logs call a connection.
enum class KeyBy {
  kPorts,  ///< connection_key()
  kCookie  ///< SO_COOKIE of the server's socket: where ports come again
};

class Comparer {
 public:
  /// At most `explanations` of each sort are kept. `other_clock`: the client ran on another machine.
  static Result<Comparer> load(const std::string& client_log, const std::string& server_log,
                               std::size_t explanations = 10, bool other_clock = false, KeyBy key_by = KeyBy::kPorts);
  explicit Comparer(Logs logs, std::size_t explanations = 10, KeyBy key_by = KeyBy::kPorts);

  void on_path(const model::Path& path);
  [[nodiscard]] Verdict finish() const;

 private:
  struct Connection {
    std::uint64_t key = 0;
    std::size_t first_request = 0, last_request = 0;  ///< half-open, into logs_.requests
    std::size_t first_read = 0, last_read = 0;        ///< half-open, into logs_.reads
    std::uint64_t bytes = 0;
    Coverage coverage;
  };
  struct Requests {
    std::size_t first = 0, last = 0;  ///< half-open
  };

  Connection* connection_of(const model::Path& path);
  Connection* connection_by_key(std::uint64_t key);
  void on_datagram(const model::Path& path);
  void claim(const model::Path& path, Connection& connection, Range range);
  [[nodiscard]] Requests requests_in(const Connection& connection, Range range) const;
  [[nodiscard]] const ServerRead& read_at(const Connection& connection, std::uint64_t offset) const;
  void judge(const Claim& claim, Requests requests);
  void stray(const model::Path& path, const char* rule, const std::string& why);
  void contradicted(const model::Path& path, Requests requests, const char* rule, const std::string& why);
  [[nodiscard]] bool is_missing(const Connection& connection, std::size_t request) const;

  Logs logs_;
  std::vector<Connection> connections_;                    ///< sorted by key
  std::map<std::uint32_t, std::uint64_t> keys_by_cookie_;  ///< of Unix sockets
  std::vector<std::size_t> reads_in_time_;  ///< into logs_.reads: of one datagram socket the nth read got the nth
  std::vector<std::uint8_t> marks_;         ///< beside logs_.requests
  std::size_t limit_;
  KeyBy key_by_;
  std::uint64_t stray_ = 0;
  std::map<std::string, std::uint64_t> contradictions_;
  std::vector<std::string> wrong_, partial_;
};

}  // namespace wp::truth
