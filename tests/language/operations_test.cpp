// SPDX-License-Identifier: Apache-2.0
// Every operation is held to its values: scenarios/values makes each call of the language with each
// word that it takes, and claims what it returns.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "model/rules.hpp"
#include "scenarios/language/model_words.hpp"
#include "tests/language/support.hpp"

namespace {

using Words = std::set<std::string>;  // "munmap", "madvise MADV_COLD"

// The words of one argument: MAP_SHARED|MAP_POPULATE.
void add_words(Words& words, const std::string& call, const language::Expr& argument) {
  if (const language::Name* name = language::single_name(argument)) {
    words.insert(call + " " + name->text);
  } else if (const auto* both = std::get_if<language::BinaryExpr>(&argument.node)) {
    add_words(words, call, *both->left);
    add_words(words, call, *both->right);
  }
}

bool claims(const language::Step& step) {
  return std::ranges::any_of(step.results, [](const language::Result& result) {
    return result.kind != language::ResultKind::any;
  });
}

void add_claimed(Words& words, const std::vector<language::Event>& events) {
  for (const language::Event& event : events) {
    const auto* step = std::get_if<language::Step>(&event.what);
    if (step == nullptr || !claims(*step)) continue;
    words.insert(step->call.text);
    for (const language::Arg& argument : step->args) {
      add_words(words, step->call.text, argument.value);
    }
  }
}

Words claimed_in(const std::string& folder) {
  Words words;
  for (const std::string& path : language_test::scenarios_in(folder)) {
    language::Sources sources(language_test::read_file);
    const language::Parsed parsed = language::parse(sources, path);
    for (const language::File& file : parsed.script.files) {
      for (const language::Item& item : file.items) {
        if (const auto* init = std::get_if<language::Init>(&item.node)) {
          add_claimed(words, init->events);
        } else if (const auto* timeline = std::get_if<language::Timeline>(&item.node)) {
          add_claimed(words, timeline->events);
        } else if (const auto* thread = std::get_if<language::Thread>(&item.node)) {
          add_claimed(words, thread->events);
        }
      }
    }
  }
  return words;
}

}  // namespace

TEST_CASE("scenarios claim what each call returns, with each word that it takes") {
  Words claimed = claimed_in("scenarios/values");
  claimed.merge(claimed_in("scenarios/memory"));
  for (const language::CallRow& call : language::full_vocabulary().calls) {
    CAPTURE(call.name);
    CHECK(claimed.contains(call.name));
    if (call.name == "process_madvise") continue;  // Few of madvise()'s words are for another one.
    for (const language::Form& form : call.forms) {
      for (const language::Parameter& parameter : form.parameters) {
        for (const std::string& word : parameter.words) {
          CAPTURE(word);
          CHECK(claimed.contains(call.name + " " + word));
        }
      }
    }
  }
}

TEST_CASE("scenarios/values leaves no property out that a run there can break") {
  for (const std::string& path : language_test::scenarios_in("scenarios/values")) {
    CAPTURE(path);
    const std::string text = language_test::read_file(path).value_or("");
    for (const model::PropertyInfo& property : model::property_table) {
      // Whose frame is poisoned is never used again: a reference to it stays.
      if (property.name == "leaked_reference" && path.ends_with("poison.sd")) continue;
      // Linux 7.3 patches an instruction after range_end: see scenarios/memory/uprobe-gap.sd.
      if (property.name == "coverage_gap" && path.ends_with("uprobe.sd")) continue;
      // Registration caches alone have such a queue.
      if (property.name == "unbounded_queue" && text.find("rcache") == std::string::npos) {
        continue;
      }
      CAPTURE(property.name);
      CHECK(text.find(property.name) != std::string::npos);
    }
  }
}
