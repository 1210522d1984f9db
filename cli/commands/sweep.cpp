// SPDX-License-Identifier: Apache-2.0
// sweep FILE -o DIR: measures each choice of policy, params and seed, and writes what came of it.
// What was made is kept: after whatever ended it, --resume goes on.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include "cli/commands/all.hpp"
#include "cli/interrupt.hpp"
#include "cli/layout.hpp"
#include "cli/ranks.hpp"
#include "cli/sweep/journal.hpp"
#include "cli/sweep/reports.hpp"
#include "cli/sweep/share.hpp"

namespace cli {
namespace {

namespace fs = std::filesystem;

struct Shard {
  std::size_t number = 0;
  std::size_t count = 1;

  bool has(std::size_t cell) const { return cell % count == number; }
};

std::optional<Shard> shard_in(const std::string& text) {
  Shard shard;
  if (text.empty()) return shard;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, shard.number);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '/') return std::nullopt;
  const auto second = std::from_chars(first.ptr + 1, end, shard.count);
  const bool good = second.ec == std::errc() && second.ptr == end && shard.number < shard.count;
  return good ? std::optional(shard) : std::nullopt;
}

std::optional<Json> manifest_in(const std::string& folder) {
  const auto text = read_file((fs::path(folder) / "manifest.json").string());
  if (!text) return std::nullopt;
  Json json = Json::parse(*text, nullptr, false);
  return json.is_object() ? std::optional(std::move(json)) : std::nullopt;
}

class Sweep {
 public:
  Sweep(Session& session, const Plan& plan, Shard shard)
      : session_(session),
        plan_(plan),
        shard_(shard),
        folder_(session.options.folder),
        results_(plan.cells.size()) {}

  ExitStatus run() {
    if (own_rank() != 0) {
      if (!as_rank_0_says(true)) return ExitStatus::ok;
      const bool alike = as_rank_0_says(to_text(manifest())) == to_text(manifest());
      RankLines lines;
      if (!alike) lines.send(0, refusal(own_rank()));
      serve_rank_0(plan_, lines);
      return ExitStatus::ok;
    }
    Journal journal(path("journal.jsonl"));
    const bool ready = prepare() && recover() && open(journal);
    if (!as_rank_0_says(ready)) return ExitStatus::misuse;
    as_rank_0_says(to_text(manifest()));
    RankLines others;
    std::vector<std::size_t> todo;
    for (std::size_t cell = 0; cell < results_.size(); ++cell) {
      if (shard_.has(cell) && !results_[cell]) todo.push_back(cell);
    }
    Progress progress(session_.options.progress);
    progress.begin(plan_.path);
    const std::string problem =
        share_out(plan_, std::move(todo), progress, rank_count() > 1 ? &others : nullptr,
                  [&](const CellResult& result) {
                    written_ = journal.add(to_text(cli::json_of(plan_, result))) && written_;
                    results_[result.cell] = result;
                  });
    progress.end();
    session_.err.write(problem);
    if (!problem.empty()) return ExitStatus::misuse;
    if (!written_) return cannot_write();
    if (interrupted()) {
      session_.err.print("shootdown: --resume goes on with {}\n", folder_);
      return ExitStatus::interrupted;
    }
    return finish();
  }

  // Of shards: their results are put together.
  ExitStatus merge(const std::vector<std::string>& folders) {
    if (!prepare()) return ExitStatus::misuse;
    for (const std::string& folder : folders) {
      if (!read((fs::path(folder) / "results.jsonl").string())) return ExitStatus::misuse;
    }
    for (std::size_t cell = 0; cell < results_.size(); ++cell) {
      if (results_[cell]) continue;
      session_.err.print("shootdown: no shard has cell {}; {} of {} cells are there\n", cell,
                         made(), results_.size());
      return ExitStatus::misuse;
    }
    return finish();
  }

 private:
  std::string path(const std::string& name) const { return (fs::path(folder_) / name).string(); }

  Json manifest() const {
    Json json = manifest_of(plan_);
    if (shard_.count > 1) json["shard"] = {shard_.number, shard_.count};
    return json;
  }

  std::size_t made() const {
    std::size_t count = 0;
    for (const auto& result : results_) count += result ? 1U : 0U;
    return count;
  }

  ExitStatus cannot_write() {
    session_.err.print("shootdown: {}: not all of the results could be written\n", folder_);
    return ExitStatus::misuse;
  }

  // The folder is there, and has nothing of another sweep in it.
  bool prepare() {
    std::error_code error;
    fs::create_directories(folder_, error);
    const bool there = fs::exists(path("manifest.json"), error);
    if (!there && write_whole(path("manifest.json"), manifest_text(manifest()))) return true;
    if (!there) {
      session_.err.print("shootdown: {}: cannot be written\n", folder_);
      return false;
    }
    if (!session_.options.resume) {
      session_.err.print(
          "shootdown: {} has results already: --resume goes on with them; or take another folder\n",
          folder_);
      return false;
    }
    const auto theirs = manifest_in(folder_);
    if (!theirs) {
      session_.err.print("shootdown: {} is no manifest\n", path("manifest.json"));
      return false;
    }
    Json ours = manifest();
    if (theirs->contains("shard") && !ours.contains("shard")) ours["shard"] = nullptr;
    const std::vector<std::string> different = differences(*theirs, ours);
    for (const std::string& line : different) {
      session_.err.print("shootdown: {} is of another sweep: {}\n", folder_, line);
    }
    return different.empty();
  }

  // What an earlier sweep has made; finished or not.
  bool recover() {
    for (const char* name : {"journal.jsonl", "results.jsonl"}) {
      std::error_code error;
      if (fs::exists(path(name), error) && !read(path(name))) return false;
    }
    return true;
  }

  bool read(const std::string& file) {
    const auto lines = Journal::lines(file);
    if (!lines) {
      session_.err.print("shootdown: {}: cannot be read: is this shard finished?\n", file);
      return false;
    }
    for (const std::string& line : *lines) {
      auto result = result_in(line);
      if (result && result->cell < results_.size()) results_[result->cell] = std::move(result);
    }
    return true;
  }

  bool open(Journal& journal) {
    if (journal.open()) return true;
    session_.err.print("shootdown: {}: cannot be written, or another sweep is at it\n",
                       path("journal.jsonl"));
    return false;
  }

  ExitStatus finish() {
    const Findings findings(plan_, results_);
    std::vector<OutputFile> files = result_files(findings, manifest());
    const bool whole = shard_.count == 1;
    if (whole) {
      for (OutputFile& file : report_files(findings)) files.push_back(std::move(file));
    }
    for (const OutputFile& file : files) {
      if (!write_whole(path(file.name), file.text)) return cannot_write();
    }
    std::remove(path("journal.jsonl").c_str());
    for (const OutputFile& file : files) {
      if (!file.name.ends_with(".txt")) continue;
      session_.out.print("{}\n", file.text);
    }
    sum_up(findings, files, whole);
    return whole ? findings.status() : shard_status();
  }

  void sum_up(const Findings& findings, const std::vector<OutputFile>& files, bool whole) {
    session_.out.print("{} cells: {} policies, {} seeds; in {}:\n", made(),
                       manifest().at("policies").size(), plan_.seeds.size(), folder_);
    std::vector<std::string> names;
    for (const OutputFile& file : files) names.push_back(file.name);
    session_.out.write(flowed("  ", names, "  ", 2));
    if (whole) findings.write_failures(session_.out, 8);
  }

  // Checks may be about cells of other shards: they are for --merge.
  ExitStatus shard_status() const {
    bool undecided = false;
    for (const auto& result : results_) {
      if (!result) continue;
      if (result->measured.failed) return ExitStatus::failed;
      undecided = undecided || result->measured.undecided;
    }
    return undecided ? ExitStatus::undecided : ExitStatus::ok;
  }

  Session& session_;
  const Plan& plan_;
  Shard shard_;
  std::string folder_;
  Results results_;
  bool written_ = true;
};

// The command is in the manifest of each shard; all are of one sweep.
ExitStatus merge_shards(Session& session) {
  const std::vector<std::string>& folders = session.options.merged;
  std::optional<Json> first;
  for (const std::string& folder : folders) {
    auto manifest = manifest_in(folder);
    if (!manifest) {
      session.err.print("shootdown: {} has no manifest.json: it is no shard\n", folder);
      return ExitStatus::misuse;
    }
    manifest->erase("shard");
    if (!first) first = manifest;
    const std::vector<std::string> different = differences(*manifest, *first);
    for (const std::string& line : different) {
      session.err.print("shootdown: {} is of another sweep than {}: {}\n", folder, folders.front(),
                        line);
    }
    if (!different.empty()) return ExitStatus::misuse;
  }
  const auto options = options_of(*first, session.options);
  if (!options) {
    session.err.print("shootdown: {} has no manifest of a sweep\n", folders.front());
    return ExitStatus::misuse;
  }
  const Planned planned = make_plan(options->files.front(), *options, language::Taken::all);
  session.err.write(planned.problems);
  if (planned.plan == nullptr) return ExitStatus::misuse;
  const std::vector<std::string> different = differences(*first, manifest_of(*planned.plan));
  for (const std::string& line : different) {
    session.err.print("shootdown: {} is of another sweep: {}\n", folders.front(), line);
  }
  if (!different.empty()) return ExitStatus::misuse;
  return Sweep(session, *planned.plan, {}).merge(folders);
}

}  // namespace

ExitStatus sweep_scenario(Session& session) {
  const Options& options = session.options;
  if (options.files.empty() == options.merged.empty()) {
    session.err.write(options.files.empty()
                          ? "shootdown: sweep wants a scenario, or --merge and folders\n"
                          : "shootdown: --merge knows the scenario from its shards: name none\n");
    return ExitStatus::misuse;
  }
  const auto shard = shard_in(options.shard);
  if (!shard) {
    session.err.print("shootdown: --shard wants I/N with I below N, as 0/4; not '{}'\n",
                      options.shard);
    return ExitStatus::misuse;
  }
  if (!options.merged.empty()) return own_rank() == 0 ? merge_shards(session) : ExitStatus::ok;
  const Planned planned = make_plan(options.files.front(), options, language::Taken::all);
  session.err.write(planned.problems);
  if (planned.plan == nullptr) return ExitStatus::misuse;
  return Sweep(session, *planned.plan, *shard).run();
}

}  // namespace cli
