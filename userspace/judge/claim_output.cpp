// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/claim_output.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "userspace/base/text.hpp"

namespace wp::judge {

namespace {

using Json = nlohmann::ordered_json;

std::string in_unit(double number, const std::string& unit) {
  if (unit == "share") return fmt::format("{:.4g} %", 100 * number);
  if (unit == "ns")
    return number < 1e6 ? fmt::format("{:.4g} us", number / 1e3) : fmt::format("{:.4g} ms", number / 1e6);
  if (unit == "per_second") return fmt::format("{:.4g}/s", number);
  return fmt::format("{:.4g}", number);
}

std::string measured(const ClaimResult& r) {
  if (!r.number) return "";
  std::string text = in_unit(*r.number, r.unit);
  if (r.lower && r.upper && *r.lower != *r.upper)
    text += fmt::format(" [{}, {}]", in_unit(*r.lower, r.unit), in_unit(*r.upper, r.unit));
  if (r.n) text += fmt::format(", n = {}", r.n);
  return text;
}

// What XML forbids or gives a meaning; control characters are gone already (printable).
std::string xml(const std::string& text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string sentence(const ClaimResult& r) {
  const std::string number = measured(r);
  return number.empty() ? r.why : r.why.empty() ? number : number + "; " + r.why;
}

Json number_or_null(const std::optional<double>& number) { return number ? Json(*number) : Json(nullptr); }

}  // namespace

std::string claims_text(const std::vector<ClaimResult>& results) {
  std::string out;
  for (const ClaimResult& r : results)
    out += fmt::format("{:<14} {}\n{:<14} {}\n", verdict_name(r.verdict), printable(r.claim.text), "",
                       printable(sentence(r)));
  return out;
}

Json claims_json(const std::vector<ClaimResult>& results) {
  Json all = Json::array();
  for (const ClaimResult& r : results)
    all.push_back({{"claim", valid_utf8(r.claim.text)},
                   {"verdict", verdict_name(r.verdict)},
                   {"number", number_or_null(r.number)},
                   {"lower", number_or_null(r.lower)},
                   {"upper", number_or_null(r.upper)},
                   {"n", r.n},
                   {"unit", r.unit},
                   {"threshold", r.claim.named ? Json(nullptr) : Json(r.claim.threshold)},
                   {"why", valid_utf8(r.why)}});
  return {{"claims", std::move(all)}};
}

std::string claims_junit(const std::vector<ClaimResult>& results) {
  const auto count = [&](auto is) { return std::count_if(results.begin(), results.end(), is); };
  const auto failures = count([](const ClaimResult& r) { return r.verdict == Verdict::kRefuted; });
  const auto errors = count(
      [](const ClaimResult& r) { return r.verdict == Verdict::kUndecided || r.verdict == Verdict::kNotApplicable; });
  std::string out = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"wakepath\" tests=\"{}\" "
      "failures=\"{}\" errors=\"{}\">\n",
      results.size(), failures, errors);
  for (const ClaimResult& r : results) {
    out += fmt::format("  <testcase classname=\"wakepath.check\" name=\"{}\"", xml(r.claim.text));
    const char* element = r.verdict == Verdict::kRefuted     ? "failure"
                          : r.verdict == Verdict::kConfirmed ? nullptr
                                                             : "error";
    out += element ? fmt::format("><{} type=\"{}\" message=\"{}\"/></testcase>\n", element, verdict_name(r.verdict),
                                 xml(sentence(r)))
                   : fmt::format("><system-out>{}</system-out></testcase>\n", xml(sentence(r)));
  }
  return out + "</testsuite>\n";
}

}  // namespace wp::judge
