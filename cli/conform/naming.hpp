// SPDX-License-Identifier: Apache-2.0
// Which page of the model is which page of the record, and which interval notifier. Found while
// an operation is gone through, step by step.
// Invariant: no two of one side are the same of the other.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "cli/conform/operation.hpp"

namespace cli::conform {

class Naming {
 public:
  // What the two sides say of a step: pages at the same places are the same.
  void read(const Step& record, const Step& model);
  // The step is over. Where the sides differ, the next one is judged by what is there now.
  void settle(const Step& record, const Step& model);

  // The record's number for a page or an interval of the model, if it has one.
  std::optional<std::uint32_t> page(std::uint32_t model) const { return pages_.of(model); }
  std::optional<std::uint32_t> interval(std::uint32_t model) const { return intervals_.of(model); }

 private:
  class Bijection {
   public:
    std::optional<std::uint32_t> of(std::uint32_t model) const;
    // Unless one of them stands for another that is still in use.
    void learn(std::uint32_t record, std::uint32_t model);
    void bind(std::uint32_t record, std::uint32_t model);
    void in_use_from_here() { fixed_record_.clear(), fixed_model_.clear(); }
    void use(std::uint32_t record, std::uint32_t model);

   private:
    std::map<std::uint32_t, std::uint32_t> to_record_;
    std::map<std::uint32_t, std::uint32_t> to_model_;
    std::set<std::uint32_t> fixed_record_;
    std::set<std::uint32_t> fixed_model_;
  };

  template <class Each>
  static void each_page(const View& record, const View& model, Each each);
  void learn(const std::optional<View>& record, const std::optional<View>& model);

  Bijection pages_;
  Bijection intervals_;
};

}  // namespace cli::conform
