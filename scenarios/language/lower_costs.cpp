// SPDX-License-Identifier: Apache-2.0
// What things cost: a time, or a distribution that is drawn from.
#include <algorithm>

#include "scenarios/language/lowering.hpp"
#include "scenarios/language/model_words.hpp"
#include "scenarios/language/samples.hpp"

namespace language {
namespace {

using Shape = model::Distribution::Kind;

constexpr Wide million = 1'000'000;

std::optional<Shape> distribution_kind(std::string_view name) {
  if (name == "uniform") return Shape::uniform;
  if (name == "normal") return Shape::normal;
  if (name == "lognormal") return Shape::lognormal;
  if (name == "exp") return Shape::exponential;
  if (name == "empirical") return Shape::empirical;
  return std::nullopt;
}

}  // namespace

void Lowering::add_costs() {
  for (const File& file : checked_.script->files) {
    for (const Item& item : file.items) {
      const auto* cost = std::get_if<Cost>(&item.node);
      if (cost == nullptr) continue;
      for (const Setting& setting : cost->settings) {
        const auto* row =
            std::ranges::find(model::cost_table, setting.name.text, &model::CostInfo::name);
        if (row == model::cost_table.end()) continue;
        add_cost(setting, static_cast<model::Cost>(row - model::cost_table.begin()));
      }
    }
  }
}

// The last one counts: a scenario goes over the profiles that it imports.
void Lowering::add_cost(const Setting& setting, model::Cost cost) {
  const Expr* value = &setting.values[0];
  std::erase_if(setup_.varying, [&](const auto& other) { return other.cost == cost; });
  const auto* call = std::get_if<CallExpr>(&value->node);
  if (call != nullptr && call->function.text() == "const") {
    value = &call->args[0].value;
    call = nullptr;
  }
  sim::Nanoseconds& figure = setup_.costs[static_cast<std::size_t>(cost)];
  if (call == nullptr) {
    figure = number_of(*value, Dimension::time);
  } else if (const auto distribution = distribution_of(*call, cost)) {
    figure = model::middle_of(*distribution);
    setup_.varying.push_back(*distribution);
  }
}

std::optional<model::Distribution> Lowering::distribution_of(const CallExpr& call,
                                                             model::Cost cost) {
  const std::optional<Shape> kind = distribution_kind(call.function.text());
  if (!kind) return std::nullopt;
  model::Distribution result{.cost = cost, .kind = *kind};
  if (*kind == Shape::empirical) {
    result.samples = samples_of(call.args[0].value);
    return result.samples.empty() ? std::nullopt : std::optional(result);
  }
  result.first = number_of(call.args[0].value, Dimension::time);
  if (*kind == Shape::lognormal) {
    const auto sigma = amount_in(value_of(call.args[1].value), Dimension::none);
    const auto scaled = sigma ? Rational::multiply(*sigma, million) : std::nullopt;
    result.sigma_millionths = scaled ? static_cast<std::uint64_t>(scaled->round_down()) : 0;
  } else if (call.args.size() > 1) {
    result.second = number_of(call.args[1].value, Dimension::time);
  }
  return result;
}

std::vector<sim::Nanoseconds> Lowering::samples_of(const Expr& file) {
  const auto* path = std::get_if<StringExpr>(&file.node);
  if (path == nullptr) return {};
  const auto id = sources_.find(resolve_path(sources_.at(file.span.source).path, path->text));
  if (!id) return {};  // Who imports has said so.
  Samples read = read_samples(sources_, *id, full_vocabulary().units);
  if (read.problem) problem(read.problem->span, read.problem->message);
  return std::move(read.values);
}

}  // namespace language
