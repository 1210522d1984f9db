// SPDX-License-Identifier: Apache-2.0
// What policies say of themselves, and the list of those that are wrong on purpose.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "model/policy/broken/all.hpp"
#include "model/policy/registry.hpp"

namespace {

using model::Guarantees;
using model::PolicyInfo;
using model::Variation;

}  // namespace

TEST_CASE("no two policies have one name") {
  std::set<std::string_view> names;
  for (const PolicyInfo& info : model::policy_list()) CHECK(names.insert(info.name).second);
}

TEST_CASE("each policy promises something, or is wrong on purpose") {
  std::set<std::string_view> broken;
  for (const auto variation : model::broken_policies) broken.insert(variation().name);
  for (const PolicyInfo& info : model::policy_list()) {
    CAPTURE(info.name);
    CHECK(info.guarantees.consistent());
    CHECK((info.guarantees.promises != 0) != broken.contains(info.name));
  }
}

TEST_CASE("a policy that is wrong on purpose breaks a rule, and says what it does") {
  for (const auto variation : model::broken_policies) {
    const Variation broken = variation();
    CAPTURE(broken.name);
    CHECK(broken.guarantees.breaks != 0);
    CHECK_FALSE(broken.meaning.empty());
  }
}

TEST_CASE("a policy that is wrong on purpose has a scenario that it loses, and is described") {
  std::ostringstream page;
  page << std::ifstream("docs/policies/broken.md").rdbuf();
  for (const auto variation : model::broken_policies) {
    std::string name(variation().name);
    CAPTURE(name);
    CHECK(page.str().find("`" + name + "`") != std::string::npos);
    std::ranges::replace(name, '_', '-');
    CHECK(std::filesystem::exists("scenarios/policies/" + name + ".sd"));
  }
}

TEST_CASE("a policy that is wrong on purpose is found by its name, and varies another one") {
  const auto found = model::policy_named("no_recheck");
  REQUIRE(found.has_value());
  CHECK(model::name_of(*found) == "interval_notifier");
  CHECK(model::get(*found, "recheck") == 0);
  CHECK(model::get(*model::policy_named("interval_notifier"), "recheck") == 1);
}

TEST_CASE("a rule that is promised and known to be broken is a contradiction") {
  const model::PropertySet rule = bit(model::Property::deadlock);
  CHECK(Guarantees{.promises = rule}.consistent());
  CHECK_FALSE(Guarantees{.promises = rule, .breaks = rule}.consistent());
}
