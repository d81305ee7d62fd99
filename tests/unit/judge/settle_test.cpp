// SPDX-License-Identifier: GPL-2.0-or-later
#include "userspace/judge/settle.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "userspace/judge/settle_output.hpp"

namespace wp::judge {
namespace {

const std::string kArms =
    "[[arm]]\nid = \"good\"\ndemo = \"epoll\"\ncontrol = \"event_driven\"\nalways = true\n"
    "[[arm]]\nid = \"bad\"\ndemo = \"epoll-zero\"\ncontrol = \"spin\"\nalways = true\n"
    "[[arm]]\nid = \"other\"\ndemo = \"epoll\"\n";

std::string claim(const std::string& part, int runs) {
  return "[[claim]]\nid = \"T\"\nnote = \"beyond\"\nenglish = \"e\"\ncorrected = \"c\"\nregime = \"r\"\nruns = " +
         std::to_string(runs) + "\n" + part;
}
std::string part(const std::string& keys, const std::string& confirm, const std::string& refute) {
  return "[[claim.part]]\nsays = \"s\"\n" + keys + "\nconfirm = \"" + confirm + "\"\nrefute = \"" + refute + "\"\n";
}
const std::string kShare = "subject = [\"good\"]\nstatistic = \"share\"\nquantity = \"woken_share\"";
const std::string kEach = "subject = [\"good\"]\nstatistic = \"each\"\nquantity = \"idle_cpu\"";
const std::string kRatio =
    "subject = [\"other\"]\nbaseline = \"good\"\nstatistic = \"ratio\"\nquantity = \"cpu_per_request\"";

Catalogue catalogue(const std::string& text) {
  auto parsed = parse_catalogue({{"t.toml", kArms + text}});
  EXPECT_TRUE(parsed) << parsed.error().message;
  return std::move(*parsed);
}

/// Some runs of each arm, with sane counts and controls that are right.
struct World {
  Batch batch;

  explicit World(std::uint64_t runs) {
    for (std::uint64_t i = 0; i < runs; ++i)
      for (const char* arm : {"good", "bad", "other"}) add(arm, i);
  }
  void add(const std::string& arm, std::uint64_t round) {
    ArmRun run;
    run.arm = arm;
    run.round = round;
    run.wait_class = arm == "bad" ? "spin" : "event_driven";
    run.architecture = "multiplexing";
    run.facts = {{"arrivals_asleep", 400},  {"arrivals_woke", 400},
                 {"events_lost", 0},        {"idle_available_ns", 1e9},
                 {"idle_run_ns", 0},        {"asked", 400},
                 {"c_requests", 400},       {"server_cpu_ns", 1e6},
                 {"wall_ns", 1e9},          {"cpus", 2},
                 {"server_queue_ns", 1e6},  {"p_witnesses", 100},
                 {"p_witnesses_agree", 100}};
    batch.runs.push_back(run);
  }
  void set(const std::string& arm, const char* fact, double number) {
    for (ArmRun& run : batch.runs)
      if (run.arm == arm) run.facts[fact] = number;
  }
  SettledPart judged(const std::string& text) {
    const Catalogue c = catalogue(text);
    return settle(c, batch, {"T"}).at(0).parts.at(0);
  }
};

TEST(SettleTest, AShareIsWhatItsWholeIntervalIs) {
  const std::string text = claim(part(kShare, ">= 0.99", "<= 0.9"), 3);
  World world(3);
  SettledPart p = world.judged(text);
  EXPECT_EQ(p.verdict, Verdict::kConfirmed);
  EXPECT_EQ(p.n, 1200U);
  EXPECT_GT(*p.lower, 0.99);
  world.set("good", "arrivals_woke", 340);
  EXPECT_EQ(world.judged(text).verdict, Verdict::kRefuted);
  world.set("good", "arrivals_woke", 380);
  p = world.judged(text);
  EXPECT_EQ(p.verdict, Verdict::kUndecided);
  EXPECT_NE(p.why.find("neither"), std::string::npos);
}

TEST(SettleTest, TooFewSamplesDecideNothing) {
  World world(3);
  for (const char* fact : {"arrivals_asleep", "arrivals_woke"}) world.set("good", fact, 50);
  const SettledPart p = world.judged(claim(part(kShare, ">= 0.9", "<= 0.1"), 3));
  EXPECT_EQ(p.verdict, Verdict::kUndecided);
  EXPECT_NE(p.why.find("it takes 299"), std::string::npos);
}

TEST(SettleTest, EachRunMustSatisfyIt) {
  const std::string text = claim(part(kEach, "<= 0.001", ">= 0.01"), 3);
  World world(3);
  EXPECT_EQ(world.judged(text).verdict, Verdict::kConfirmed);
  world.batch.runs[3].facts["idle_run_ns"] = 5e7;  // one run of three
  EXPECT_EQ(world.judged(text).verdict, Verdict::kUndecided);
  world.set("good", "idle_run_ns", 5e7);
  EXPECT_EQ(world.judged(text).verdict, Verdict::kRefuted);
}

TEST(SettleTest, ARatioIsPairedAndWantsTwelve) {
  const std::string text = claim(part(kRatio, ">= 5", "<= 2"), 12);
  World world(12);
  world.set("other", "server_cpu_ns", 8e6);
  SettledPart p = world.judged(text);
  EXPECT_EQ(p.verdict, Verdict::kConfirmed);
  EXPECT_NEAR(*p.number, 8, 1e-9);
  world.set("other", "server_cpu_ns", 1e6);
  EXPECT_EQ(world.judged(text).verdict, Verdict::kRefuted);
  p = World(11).judged(claim(part(kRatio, ">= 5", "<= 2"), 11));
  EXPECT_EQ(p.verdict, Verdict::kUndecided);
}

TEST(SettleTest, MoreRunsThanFixedChangeNothing) {
  World world(6);
  for (ArmRun& run : world.batch.runs)
    if (run.round >= 3 && run.arm == "good") run.facts["arrivals_woke"] = 0;
  EXPECT_EQ(world.judged(claim(part(kShare, ">= 0.99", "<= 0.9"), 3)).verdict, Verdict::kConfirmed);
}

TEST(SettleTest, MissingRunsDecideNothing) {
  EXPECT_EQ(World(2).judged(claim(part(kShare, ">= 0.99", "<= 0.9"), 3)).verdict, Verdict::kUndecided);
}

// Every gate, broken alone, takes a verdict back that would else be given; and it says so.
TEST(SettleTest, ABrokenGateDecidesNothing) {
  const std::string text = claim(part(kShare + "\nwitnesses = true\ncontention = 0.05", ">= 0.99", "<= 0.9"), 3);
  ASSERT_EQ(World(3).judged(text).verdict, Verdict::kConfirmed);
  const std::vector<std::tuple<std::string, std::string, double>> rows = {{"loss", "events_lost", 1},
                                                                          {"sanity", "c_requests", 399},
                                                                          {"sanity", "wrong", 1},
                                                                          {"sanity", "c_errors", 1},
                                                                          {"sanity", "server_cpu_ns", 3e9},
                                                                          {"contention", "server_queue_ns", 1e8},
                                                                          {"witnesses", "p_witnesses_agree", 90},
                                                                          {"witnesses", "p_witnesses", 0}};
  for (const auto& [gate, fact, number] : rows) {
    World world(3);
    world.set("good", fact.c_str(), number);
    if (fact == "p_witnesses") world.set("good", "p_witnesses_agree", 0);
    const SettledPart p = world.judged(text);
    EXPECT_EQ(p.verdict, Verdict::kUndecided) << fact;
    EXPECT_TRUE(p.why.starts_with(gate)) << fact << ": " << p.why;
  }
  World failed(3);
  failed.batch.runs[0].error = "the recorder ended";
  EXPECT_EQ(failed.judged(text).verdict, Verdict::kUndecided);
}

TEST(SettleTest, OneControlJudgedWronglyMakesAllUntrusted) {
  World world(3);
  world.batch.runs[1].wait_class = "event_driven";  // a spinner, once
  const SettledPart p = world.judged(claim(part(kShare, ">= 0.99", "<= 0.9"), 3));
  EXPECT_EQ(p.verdict, Verdict::kUndecided);
  EXPECT_NE(p.why.find("controls: control bad is spin"), std::string::npos) << p.why;
}

TEST(SettleTest, AControlWithLossIsNotJudged) {
  World world(3);
  world.batch.runs[1].wait_class = "undetermined";
  world.batch.runs[1].facts["events_lost"] = 7;
  const std::string text = claim(part(kShare, ">= 0.99", "<= 0.9"), 3);
  EXPECT_EQ(world.judged(text).verdict, Verdict::kConfirmed);
  world.set("bad", "events_lost", 7);  // none of its runs is left
  EXPECT_EQ(world.judged(text).verdict, Verdict::kUndecided);
}

TEST(SettleTest, WithoutControlsNothingIsTrusted) {
  World world(3);
  std::erase_if(world.batch.runs, [](const ArmRun& run) { return run.arm != "other"; });
  const std::string other = "subject = [\"other\"]\nstatistic = \"share\"\nquantity = \"woken_share\"";
  EXPECT_EQ(world.judged(claim(part(other, ">= 0.99", "<= 0.9"), 3)).verdict, Verdict::kUndecided);
}

// The recorder may not change how often a server sleeps: six pairs with it and without.
TEST(SettleTest, AnObserverThatChangesTheServerDecidesNothing) {
  const std::string arms =
      "[[arm]]\nid = \"observer-on\"\ndemo = \"epoll\"\n[[arm]]\nid = \"observer-off\"\ndemo = \"epoll\"\n";
  const std::string text = arms + claim(part(kShare, ">= 0.99", "<= 0.9"), 3);
  World world(3);
  for (std::uint64_t i = 0; i < 6; ++i) {
    world.add("observer-on", i);
    world.add("observer-off", i);
  }
  world.set("observer-on", "server_switches", 400);
  world.set("observer-off", "server_switches", 390);
  EXPECT_EQ(world.judged(text).verdict, Verdict::kConfirmed);
  world.set("observer-on", "server_switches", 800);
  const SettledPart p = world.judged(text);
  EXPECT_EQ(p.verdict, Verdict::kUndecided);
  EXPECT_TRUE(p.why.starts_with("observer")) << p.why;
}

TEST(SettleTest, PartsMakeTheClaim) {
  const std::string yes = part(kShare, ">= 0.99", "<= 0.9"), no = part(kShare, "<= 0.01", ">= 0.5"),
                    open = part(kShare + "\nleast = 100000", ">= 0.99", "<= 0.9"),
                    none = "[[claim.part]]\nsays = \"s\"\nnot_applicable = \"no card\"\n";
  const std::vector<std::pair<std::string, Verdict>> rows = {
      {yes, Verdict::kConfirmed},        {yes + no, Verdict::kRefuted},  {yes + open, Verdict::kUndecided},
      {yes + none, Verdict::kConfirmed}, {no + open, Verdict::kRefuted}, {no + none, Verdict::kRefuted}};
  for (const auto& [parts, verdict] : rows) {
    World world(3);
    EXPECT_EQ(settle(catalogue(claim(parts, 3)), world.batch, {"T"}).at(0).verdict, verdict) << parts;
  }
  const Catalogue absent = catalogue(claim(none, 0));
  EXPECT_EQ(settle(absent, World(0).batch, {"T"}).at(0).verdict, Verdict::kNotApplicable);
}

// Names must not leak: whatever the arms are called, the same counts give the same verdicts.
TEST(SettleTest, ShuffledLabelsChangeNothing) {
  const std::string text = kArms + claim(part(kShare, ">= 0.99", "<= 0.9") + part(kEach, ">= 0.5", "<= 0.001"), 3);
  std::string renamed = text;
  World world(3);
  World masked = world;
  for (const auto& [from, to] : {std::pair{"\"good\"", "\"epoll-zero\""}, {"\"bad\"", "\"the-good-one\""}}) {
    for (auto at = renamed.find(from); at != std::string::npos; at = renamed.find(from))
      renamed.replace(at, std::string(from).size(), to);
    for (ArmRun& run : masked.batch.runs)
      if ('"' + run.arm + '"' == from) run.arm = std::string(to).substr(1, std::string(to).size() - 2);
  }
  const auto a = parse_catalogue({{"t", text}}), b = parse_catalogue({{"t", renamed}});
  ASSERT_TRUE(a && b);
  const auto one = settle(*a, world.batch, {"T"}), other = settle(*b, masked.batch, {"T"});
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(one[0].parts[i].verdict, other[0].parts[i].verdict);
    EXPECT_EQ(one[0].parts[i].number, other[0].parts[i].number);
  }
  // A spinner's runs under the name of the good server: the control is broken, and nothing is believed.
  for (ArmRun& run : world.batch.runs) run.arm = run.arm == "good" ? "bad" : run.arm == "bad" ? "good" : run.arm;
  EXPECT_EQ(settle(*a, world.batch, {"T"})[0].verdict, Verdict::kUndecided);
}

TEST(SettleTest, PollingServersCalledEventDrivenAreCounted) {
  const std::vector<ControlRow> rows = {{"a", "event_driven", "", {{"event_driven", 60}}, {}, 60, 60, 0},
                                        {"b", "spin", "", {{"spin", 17}, {"event_driven", 2}}, {}, 20, 17, 1}};
  EXPECT_EQ(confusion_sum(rows),
            "all together: 77 of 79 right, at least 92.2 %; 2 of 19 runs of polling servers called event-driven");
}

// The same server twice, with noise as wild as a busy machine's, a hundred times: no more than five false verdicts
// for a claim that one costs more (or less) than the other.
TEST(SettleTest, NullPairsAreHardlyEverDecided) {
  const Catalogue c = catalogue(claim(part(kRatio, "> 1.0001", "< 0.9999"), 12));
  std::mt19937_64 random(20261122);
  std::lognormal_distribution<double> noise(0, 0.5);
  std::uint64_t decided = 0;
  for (int pair = 0; pair < 100; ++pair) {
    World world(12);
    for (ArmRun& run : world.batch.runs) run.facts["server_cpu_ns"] = 1e6 * noise(random);
    decided += settle(c, world.batch, {"T"})[0].verdict != Verdict::kUndecided;
  }
  EXPECT_LE(decided, 5U);
}

TEST(SettleTest, ABatchComesBackFromItsText) {
  World world(3);
  world.batch.runs[0].error = "said \"no\"\n";
  world.batch.runs[1].shown.push_back({"typical", "a\nb"});
  world.batch.catalogue_hash = "abc";
  const auto again = parse_batch(batch_json(world.batch).dump());
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->runs.size(), world.batch.runs.size());
  EXPECT_EQ(again->runs[1].facts, world.batch.runs[1].facts);
  EXPECT_EQ(again->runs[1].shown.at(0).text, "a\nb");
}

TEST(SettleTest, WhatIsNoBatchIsRefused) {
  for (const char* text :
       {"", "[]", "{}", "{\"runs\": 3}",
        R"({"tool_version":"1","kernel":"k","catalogue_hash":"h","cpus":2,"seconds":1,"runs":[{"arm":"a"}]})",
        R"({"tool_version":"1","kernel":"k","catalogue_hash":"h","cpus":-2,"seconds":1,"runs":[]})"})
    EXPECT_FALSE(parse_batch(text)) << text;
}

}  // namespace
}  // namespace wp::judge
