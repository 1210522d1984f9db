// SPDX-License-Identifier: Apache-2.0
#include "cli/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <memory>

#include "cli/commands/all.hpp"
#include "cli/formats/format.hpp"
#include "cli/layout.hpp"
#include "cli/ranks.hpp"
#include "cli/version.hpp"
#include "cli/words.hpp"
#include "scenarios/language/nearest.hpp"

namespace cli {
namespace {

constexpr const char* about =
    "shootdown: simulator and model checker of Linux MMU-notifier and device-TLB semantics";
constexpr const char* exit_statuses =
    "shootdown FILE... is short for shootdown run FILE...\n"
    "Exit status: 0 all is as claimed, 1 a claim is not, 2 a mistake in a scenario or on the\n"
    "command line, 3 not decided (a limit ended the search), 4 skipped, 130 interrupted.";

std::string version_text() {
  return fmt::format("shootdown {} (commit {}, {}{})", version, commit, compiler,
                     has_mpi() ? ", MPI" : "");
}

// Several options write into `raw`; what they say is put into Options when all are known.
struct Raw {
  std::vector<std::string> definitions;
  std::vector<std::string> settings;
  std::string ast;
  std::string colour;
  std::string progress;
  std::string explore;
  std::string reduce;
  bool quiet = false;
  bool verbose = false;
};

constexpr std::uint64_t threads_max = 1024;
constexpr std::uint64_t seeds_max = 1'000'000;

std::optional<std::uint64_t> positive_number(const std::string& word) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc{} || end != word.data() + word.size() || number == 0) return std::nullopt;
  return number;
}

// What follows `explore` in a scenario, with plain numbers.
std::optional<language::HowToRun> how_to_run(const std::string& text) {
  const std::vector<std::string> words = words_of(text);
  if (words.size() == 1 && words[0] == "all") return language::HowToRun{};
  const bool pct = !words.empty() && words[0] == "pct";
  const bool bounded = pct && words.size() == 4 && words[2] == "bound";
  if ((words.size() != 2 && !bounded) || (!pct && words[0] != "random")) return std::nullopt;
  const auto runs = positive_number(words[1]);
  const auto depth = bounded ? positive_number(words[3]) : 0;
  if (!runs || !depth || *depth > language::pct_depth_max) return std::nullopt;
  return language::HowToRun{.mode = pct ? language::RunMode::pct : language::RunMode::random,
                            .runs = *runs,
                            .depth = static_cast<std::uint32_t>(*depth)};
}

// CLI11 reads "-1" as the largest number there is.
CLI::Validator whole_number() {
  return {[](std::string& text) {
            const bool good = !text.empty() && std::ranges::all_of(text, [](char c) {
              return c >= '0' && c <= '9';
            });
            return good ? std::string() : fmt::format("'{}' is no whole number", text);
          },
          ""};
}

// -D takes one word, and may be given again.
void add_choices(CLI::App& app, Options& options, Raw& raw) {
  app.add_option("-D", raw.definitions, "Set a param of the scenario; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option("--set", raw.settings, "A setting of the policy or the kernel; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option("--policy", options.choices.policy, "Instead of the scenario's policy")
      ->type_name("NAME");
  app.add_option("--kernel", options.choices.kernel, "Instead of the scenario's kernel")
      ->type_name("VERSION");
  app.add_option("--explore", raw.explore, "all, 'random N', 'pct N' or 'pct N bound D'")
      ->type_name("HOW");
}

// A word from a list. (CLI11 could map it itself, but shows the values of an enumeration as bytes.)
void add_word(CLI::App& app, const std::string& name, std::string& word,
              const std::vector<std::string>& words, const std::string& meaning) {
  app.add_option(name, word, meaning)
      ->type_name("WORD")
      ->check(CLI::IsMember(words).description(""));
}

void add_search_options(CLI::App& app, Options& options, Raw& raw) {
  const auto number = [&](const char* name, std::uint64_t& value, const char* unit,
                          const char* meaning) {
    app.add_option(name, value, meaning)->type_name(unit)->check(whole_number());
  };
  number("--seed", options.seed, "N", "Of simulated runs, and of the first of a sample (1)");
  app.add_option("--swarm", options.swarm, "So many threads make the runs of a sample (1)")
      ->type_name("N")
      ->check(whole_number())
      ->check(CLI::Range(std::uint64_t{1}, threads_max).description(""));
  app.add_flag("--coverage", options.coverage, "Show which steps were taken, and beside which");
  app.add_option("--time-limit", options.limits.seconds, "For each search (none)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 1e9).description(""));
  number("--state-limit", options.limits.states, "N", "States of an exploration (none)");
  number("--step-limit", options.limits.steps, "N", "Steps of a run (10000000; 0: none)");
  number("--memory-limit", options.limits.megabytes, "MB", "For each search (4096; 0: none)");
  number("--threads", options.threads, "N", "Of a search; the result is the same (0: all cores)");
  add_word(
      app, "--reduce", raw.reduce, {"none", "symmetry", "numbers", "sequences", "leftovers", "all"},
      "Explore alike states once: none, symmetry, numbers, sequences, leftovers or all (none)");
  add_word(app, "--progress", raw.progress, {"auto", "plain", "none"},
           "On standard error: auto, plain or none (auto)");
}

// What runs by time take that are measured.
void add_measure_options(CLI::App& app, Options& options, Raw& raw) {
  const auto number = [&](const char* name, std::uint64_t& value, const char* unit,
                          const char* meaning) {
    app.add_option(name, value, meaning)->type_name(unit)->check(whole_number());
  };
  app.add_option("-D", raw.definitions, "Set a param of the scenario; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option("--set", raw.settings, "A setting of the policy or the kernel; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option("--kernel", options.choices.kernel, "Instead of the scenario's kernel")
      ->type_name("VERSION");
  app.add_option("--policies", options.policies, "Instead of the scenario's policies")
      ->type_name("NAME,...")
      ->delimiter(',')
      ->allow_extra_args(false);
  number("--seed", options.seed, "N", "The first seed (1)");
  app.add_option("--seeds", options.seeds, "So many seeds for each cell")
      ->type_name("N")
      ->check(whole_number())
      ->check(CLI::Range(std::uint64_t{1}, seeds_max).description(""));
  app.add_option("-j,--jobs", options.jobs, "So many cells at once; the result is the same (1)")
      ->type_name("N")
      ->check(whole_number())
      ->check(CLI::Range(std::uint64_t{1}, threads_max).description(""));
  app.add_option("--time-limit", options.limits.seconds, "For each run (none)")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.0, 1e9).description(""));
  number("--step-limit", options.limits.steps, "N", "Steps of a run (10000000; 0: none)");
  add_word(app, "--progress", raw.progress, {"auto", "plain", "none"},
           "On standard error: auto, plain or none (auto)");
}

void add_sweep_options(CLI::App& app, Options& options) {
  app.add_option("-o,--output", options.folder, "The folder for the results")
      ->required()
      ->type_name("DIR");
  CLI::Option* resume = app.add_flag("--resume", options.resume, "Go on where it was cut off");
  CLI::Option* shard = app.add_option("--shard", options.shard, "Make part I of N, from 0/N on");
  shard->type_name("I/N");
  app.add_option("--merge", options.merged, "Put the results of shards together")
      ->type_name("DIR...")
      ->excludes(resume)
      ->excludes(shard);
}

void add_format_options(CLI::App& app, Options& options) {
  CLI::Option* json = app.add_flag("--json", options.json, "One JSON object for each variant");
  std::string names;
  for (const std::string& name : format_names()) names += (names.empty() ? "" : ", ") + name;
  app.add_option("--format", options.format, "Show an execution as " + names)
      ->type_name("FORMAT")
      ->check(CLI::IsMember(format_names()).description(""))
      ->excludes(json);
}

void add_general_options(CLI::App& app, Options& options, Raw& raw) {
  if (app.get_option_no_throw("--output") == nullptr) {
    app.add_option("-o,--output", options.output, "Write to that file, all or nothing")
        ->type_name("FILE");
  }
  add_word(app, "--color", raw.colour, {"auto", "always", "never"}, "auto, always or never (auto)");
  CLI::Option* quiet = app.add_flag("-q,--quiet", raw.quiet, "Say only what is not as claimed");
  app.add_flag("-v,--verbose", raw.verbose, "Also show inner steps and what is as it should be")
      ->excludes(quiet);
}

void add_options_of(CLI::App& app, std::string_view command, Options& options, Raw& raw) {
  if (command == "run" || command == "test" || command == "replay") {
    app.add_flag("--why", options.why,
                 "Show what led to a claim that fails, and who has caused what");
  }
  if (command == "replay") {
    app.add_option("--path", options.path, "The answers that lead to it, as 0.2.1")
        ->required()
        ->type_name("PATH");
    app.add_option("--steps", options.steps, "How many steps")
        ->required()
        ->type_name("N")
        ->check(whole_number());
  } else if (command == "shrink") {
    CLI::Option* path = app.add_option("--path", options.path, "Of an execution that fails");
    path->type_name("PATH");
    app.add_option("--steps", options.steps, "How many steps of it")
        ->needs(path)
        ->type_name("N")
        ->check(whole_number());
  } else if (command == "conform") {
    app.add_option("--against", options.against, "A record of a real kernel; may be repeated")
        ->required()
        ->type_name("RECORD")
        ->allow_extra_args(false);
  } else if (command == "sweep") {
    add_sweep_options(app, options);
  } else if (command == "check") {
    app.add_option("--ast", raw.ast, "json: print the syntax tree")
        ->type_name("FORMAT")
        ->check(CLI::IsMember(std::vector<std::string>{"json"}).description(""));
  } else if (command == "fmt") {
    app.add_flag("--check", options.only_check, "Change nothing; fail if something would");
  } else if (command == "test") {
    app.add_option("--junit", options.junit, "Also write the results as JUnit XML")
        ->type_name("FILE");
  } else if (command == "list") {
    std::string kinds;
    for (const std::string_view kind : word_lists()) {
      kinds += (kinds.empty() ? "" : ", ") + std::string(kind);
    }
    app.add_option("what", options.words, "One of " + kinds + "; after steps: a name's beginning")
        ->required();
    app.add_flag("--json", options.json, "One JSON object a word");
    app.add_option("--profile", options.profile, "costs: those of a profile (scenarios/cost)")
        ->type_name("NAME");
  } else if (command == "explain") {
    app.add_option("word", options.words, "The word")->required();
    app.add_option("--kernel", options.choices.kernel, "Which one runs an operation (7.3)")
        ->type_name("VERSION");
  }
}

// The command, if the first word is one; else `run`.
std::string command_of(std::vector<std::string>& words) {
  if (words.empty()) return {};
  const std::string first = words.front();
  if (find_command(first) != nullptr) return first;
  const bool about_program =
      first == "-h" || first == "--help" || first == "--version" || first == "help";
  if (about_program) return {};
  words.insert(words.begin(), "run");
  return "run";
}

std::string unknown_word(const std::string& word) {
  std::vector<std::string> names;
  for (const CommandInfo& command : commands()) names.emplace_back(command.name);
  const auto meant = language::nearest(word, names);
  return fmt::format("shootdown: '{}' is neither a command nor a file{}\n", word,
                     meant ? fmt::format("; did you mean '{}'?", *meant) : "");
}

// False: one is not NAME=VALUE.
bool read_definitions(CommandLine& line, std::string_view option,
                      const std::vector<std::string>& texts,
                      std::vector<std::pair<std::string, std::string>>& pairs) {
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      line.err = fmt::format("shootdown: {} wants NAME=VALUE, not '{}'\n", option, text);
      return false;
    }
    pairs.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return true;
}

bool finish(CommandLine& line, const Raw& raw) {
  Options& options = line.options;
  options.ast = raw.ast == "json";
  if (raw.colour == "always") options.colour = Colour::always;
  if (raw.colour == "never") options.colour = Colour::never;
  const bool all = raw.reduce == "all";
  options.reduce = {.symmetry = all || raw.reduce == "symmetry",
                    .numbers = all || raw.reduce == "numbers",
                    .sequences = all || raw.reduce == "sequences",
                    .leftovers = all || raw.reduce == "leftovers"};
  if (raw.progress == "plain") options.progress = ProgressStyle::plain;
  if (raw.progress == "none") options.progress = ProgressStyle::none;
  if (raw.quiet) options.verbosity = Verbosity::quiet;
  if (raw.verbose) options.verbosity = Verbosity::verbose;
  if (!raw.explore.empty()) {
    options.choices.explore = how_to_run(raw.explore);
    if (!options.choices.explore) {
      line.err = fmt::format(
          "shootdown: --explore wants all, 'random N' or 'pct N bound D', not '{}'\n", raw.explore);
      return false;
    }
  }
  return read_definitions(line, "-D", raw.definitions, options.choices.params) &&
         read_definitions(line, "--set", raw.settings, options.choices.set);
}

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& arguments) {
  CommandLine line;
  Raw raw;
  std::vector<std::string> words = arguments;
  const bool short_form = !words.empty() && !words.front().starts_with('-');
  line.options.command = command_of(words);
  CLI::App app(about, "shootdown");
  app.set_version_flag("--version", version_text());
  app.footer(exit_statuses);
  for (const CommandInfo& command : commands()) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.meaning));
    const bool folders = command.name == "test" || command.name == "conform";
    if (command.takes.files) {
      CLI::Option* files = sub->add_option("files", line.options.files,
                                           folders ? "Scenarios and folders" : "Scenarios");
      // What is merged knows its scenario.
      files->required(command.name != "sweep");
      if (command.takes.measures) files->expected(command.name == "sweep" ? 0 : 1, 1);
    }
    if (command.takes.measures) add_measure_options(*sub, line.options, raw);
    if (command.takes.searches) {
      add_choices(*sub, line.options, raw);
      add_search_options(*sub, line.options, raw);
    }
    if (command.takes.formats) add_format_options(*sub, line.options);
    if (command.takes.json) {
      sub->add_flag("--json", line.options.json,
                    command.name == "conform" ? "One JSON object a step, and one a record"
                                              : "One JSON object for each variant");
    }
    add_options_of(*sub, command.name, line.options, raw);
    add_general_options(*sub, line.options, raw);
  }
  app.require_subcommand(1);

  const bool guessed = short_form && words.size() > arguments.size();
  if (guessed && !std::filesystem::exists(arguments.front())) {
    line.err = unknown_word(arguments.front());
    line.exit = ExitStatus::misuse;
    return line;
  }
  try {
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back.
    app.parse(words);
    if (!finish(line, raw)) line.exit = ExitStatus::misuse;
  } catch (const CLI::Success& success) {
    std::ostringstream out;
    app.exit(success, out, out);
    line.out = out.str();
    line.exit = ExitStatus::ok;
  } catch (const CLI::ParseError& error) {
    line.err = fmt::format("shootdown: {}\n", error.what());
    line.exit = ExitStatus::misuse;
  }
  return line;
}

}  // namespace cli
