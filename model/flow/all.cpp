// SPDX-License-Identifier: Apache-2.0
#include "model/flow/all.hpp"

#include "model/policy/driver.hpp"

namespace model {
namespace {

template <class F>
concept Guarded = requires(const F flow) {
  { flow.guard() } -> std::same_as<Wait>;
};

template <class... Cases>
struct overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
overloaded(Cases...) -> overloaded<Cases...>;

template <InvalidationPolicy P>
Next run_hook(const P& policy, Driver& driver, PolicyCall& call) {
  switch (call.hook) {
    case Hook::registered:
      return policy.registered(driver, call);
    case Hook::deregistered:
      return policy.deregistered(driver, call);
    case Hook::fault:
      return policy.fault(driver, call);
    case Hook::range_start:
      return policy.range_start(driver, call);
    case Hook::range_end:
      return policy.range_end(driver, call);
    case Hook::release:
      return policy.release(driver, call);
    case Hook::secondary:
      return policy.secondary(driver, call);
    case Hook::touch:
      return policy.touch(driver, call);
    case Hook::activate:
      return policy.activate(driver, call);
    case Hook::shootdown:
      return policy.shootdown(driver, call);
    case Hook::finish:
      return policy.finish(driver, call);
    case Hook::work:
      return policy.work(driver, call);
    case Hook::check:
      return policy.check(driver, call);
    case Hook::revoked:
      return policy.revoked(driver, call);
    case Hook::user_flush:
      return policy.user_flush(driver, call);
    case Hook::count:
      break;
  }
  return Next::done;
}

// A policy knows the region, not whose buffer it is.
Wait guard_of_policy(const PolicyCall& call, const Machine& machine) {
  Wait wait = std::visit([&](const auto& policy) { return policy.guard(call); },
                         machine.policy_of(call.mr));
  if (wait.kind == Wait::Kind::lock && wait.lock_kind == LockKind::exporter) {
    wait.index = machine.registrations[call.mr.index()].import.buffer.value;
  }
  return wait;
}

// A driver is through with a range that concerns it, and has not refused it.
void report(const PolicyCall& call, Context& c) {
  const bool ignored = std::visit([&](const auto& policy) { return policy.ignores(call); },
                                  c.machine.policy_of(call.mr));
  const auto event = static_cast<std::uint8_t>(call.range.event);
  c.emit({.kind = ignored ? EventKind::range_ignored : EventKind::range_heeded,
          .detail = event,
          .context = {.owner = call.range.owner != 0},
          .mm = call.range.mm,
          .pages = call.pages,
          .mr = call.mr,
          .adapter = adapter_of(call.range.owner),
          .value = event});
}

Next run_policy(PolicyCall& call, Context& c) {
  Driver driver(c, c.task().result);
  c.task().result = Result::success();  // Unless the hook says otherwise.
  const Next next = std::visit([&](const auto& policy) { return run_hook(policy, driver, call); },
                               c.machine.policy_of(call.mr));
  const bool over = next == Next::done || next == Next::give;
  const bool told = call.hook == Hook::range_start ||
                    (call.hook == Hook::secondary && c.machine.page_told(call.mr));
  if (over && told && call.pages.count != 0 && c.task().result.ok()) {
    report(call, c);
  }
  return next;
}

// The number of a step: the flow, the policy and its hook (for a policy), the step.
constexpr std::uint32_t flow_shift = 20;
constexpr std::uint32_t policy_shift = 12;
constexpr std::uint32_t hook_shift = 8;

// Calls visit(number, name) for each step of each flow.
template <std::size_t index = 0, class Visit>
void each_flow_step(Visit visit) {
  using F = std::variant_alternative_t<index, decltype(Flow::body)>;
  if constexpr (!std::same_as<F, PolicyCall>) {
    for (std::uint32_t step = 0; step < F::steps.size(); ++step) {
      visit((static_cast<std::uint32_t>(index) << flow_shift) | step,
            std::string(F::name) + "." + std::string(F::steps[step]));
    }
  }
  if constexpr (index + 1 < std::variant_size_v<decltype(Flow::body)>) {
    each_flow_step<index + 1>(visit);
  }
}

template <std::size_t index = 0>
std::string flow_step(std::size_t flow, std::size_t step) {
  using F = std::variant_alternative_t<index, decltype(Flow::body)>;
  if (flow == index) {
    if constexpr (std::same_as<F, PolicyCall>) {
      return {};
    } else {
      return std::string(F::name) + "." + std::string(F::steps[step]);
    }
  }
  if constexpr (index + 1 < std::variant_size_v<decltype(Flow::body)>) {
    return flow_step<index + 1>(flow, step);
  }
  return {};
}

std::string hook_step(std::string_view policy, StepNames names, Hook hook, std::size_t step) {
  std::string text(policy);
  text += "." + std::string(hook_names[static_cast<std::size_t>(hook)]);
  if (step < names.size()) text += "." + std::string(names[step]);
  return text;
}

template <std::size_t index = 0>
std::string policy_step(std::size_t policy, Hook hook, std::size_t step) {
  using P = std::variant_alternative_t<index, Policy>;
  if (policy == index) return hook_step(P::name, P::steps(hook), hook, step);
  if constexpr (index + 1 < std::variant_size_v<Policy>) {
    return policy_step<index + 1>(policy, hook, step);
  }
  return {};
}

// The same for each hook of each policy.
template <std::size_t index = 0, class Visit>
void each_policy_step(Visit visit) {
  using P = std::variant_alternative_t<index, Policy>;
  constexpr auto flow = static_cast<std::uint32_t>(std::variant_size_v<decltype(Flow::body)> - 1);
  for (std::uint32_t hook = 0; hook < static_cast<std::uint32_t>(Hook::count); ++hook) {
    const StepNames names = P::steps(static_cast<Hook>(hook));
    for (std::uint32_t step = 0; step < names.size(); ++step) {
      visit((flow << flow_shift) | (static_cast<std::uint32_t>(index) << policy_shift) |
                (hook << hook_shift) | step,
            hook_step(P::name, names, static_cast<Hook>(hook), step));
    }
  }
  if constexpr (index + 1 < std::variant_size_v<Policy>) each_policy_step<index + 1>(visit);
}

template <class Visit>
void each_step(Visit visit) {
  each_flow_step(visit);
  each_policy_step(visit);
}

}  // namespace

bool Flow::operator==(const Flow& other) const = default;

void Flow::encode(sim::Encoder& out) const { sim::encode(out, body); }

void Effects::clear() {
  events.clear();
  changed.clear();
  sent.clear();
  interrupts.clear();
  spawned.clear();
  timers.clear();
  spent.clear();
  fates.clear();
  killed.clear();
  stopped.clear();
  ended = MmId{};
  broken = 0;
  duration = 0;
  witness = nullptr;
  itemized = false;
  lot = nullptr;
}

Next run(Flow& flow, Context& context) {
  return std::visit(overloaded{
                        [&](PolicyCall& call) { return run_policy(call, context); },
                        [&](auto& body) { return body.run(context); },
                    },
                    flow.body);
}

Wait guard(const Flow& flow, const Machine& machine) {
  return std::visit(overloaded{
                        [&](const PolicyCall& call) { return guard_of_policy(call, machine); },
                        []<Guarded F>(const F& body) { return body.guard(); },
                        []<class F>(const F&) { return Wait{}; },
                    },
                    flow.body);
}

std::uint32_t step_number(const Flow& flow, const Machine& machine) {
  const auto index = static_cast<std::uint32_t>(flow.body.index());
  return (index << flow_shift) |
         std::visit(overloaded{
                        [&](const PolicyCall& call) {
                          const auto policy =
                              static_cast<std::uint32_t>(machine.policy_of(call.mr).index());
                          return (policy << policy_shift) |
                                 (static_cast<std::uint32_t>(call.hook) << hook_shift) | call.step;
                        },
                        [](const auto& body) { return static_cast<std::uint32_t>(body.step); },
                    },
                    flow.body);
}

std::string step_name(std::uint32_t number) {
  const std::uint32_t flow = number >> flow_shift;
  if (flow + 1 == std::variant_size_v<decltype(Flow::body)>) {
    return policy_step((number >> policy_shift) & 255,
                       static_cast<Hook>((number >> hook_shift) & 15), number & 255);
  }
  return flow_step(flow, number & 255);
}

std::vector<std::uint32_t> steps_named(std::string_view name) {
  std::vector<std::uint32_t> numbers;
  each_step([&](std::uint32_t number, const std::string& step) {
    const bool same = step == name || (step.ends_with(name) && step.size() > name.size() &&
                                       step[step.size() - name.size() - 1] == '.');
    if (same) numbers.push_back(number);
  });
  return numbers;
}

std::vector<std::uint32_t> steps_of(std::uint32_t flow) {
  std::vector<std::uint32_t> numbers;
  each_step([&](std::uint32_t number, const std::string&) {
    if (flow_of(number) == flow) numbers.push_back(number);
  });
  return numbers;
}

std::vector<std::string> all_steps() {
  std::vector<std::string> all;
  each_step([&](std::uint32_t, const std::string& step) { all.push_back(step); });
  return all;
}

}  // namespace model
