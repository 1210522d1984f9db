// SPDX-License-Identifier: Apache-2.0
// What the parts of lowering share. Private to lower*.cpp.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/language/evaluate.hpp"
#include "scenarios/language/lower.hpp"
#include "scenarios/language/lower_trace.hpp"
#include "scenarios/language/names.hpp"

namespace language {

// Pages that an argument names: of an address space, or of an object known only at run time.
struct PagesMeant {
  model::MmId mm;
  model::PageRange pages;
  model::Target target;
  bool attachment = false;  // The object is an attachment.
};

// What is asked for by --policy, `param policy` or the script, for all devices together.
struct WantedPolicy {
  std::string name{};
  Span span{};
  bool over_devices = false;  // Also over what devices say themselves.
  bool asked = false;         // There is a device that it was asked for,
  bool used = false;          // and one of a kind that it is for.
};

// Lowers one cell. The tables of Checked and those of Setup have the same order, except for
// programs and lines.
class Lowering {
 public:
  Lowering(const Sources& sources, const Checked& checked, const Assignment& assignment,
           const Choices& choices, const Recordings& recordings, Cell& cell, Problems& problems)
      : sources_(sources),
        checked_(checked),
        assignment_(assignment),
        choices_(choices),
        recordings_(recordings),
        cell_(cell),
        setup_(*cell.setup),
        problems_(problems) {}

  void run();
  // Settings that change nothing in this cell.
  const Problems& idle() const { return idle_; }

 private:
  // lower_machine.cpp, lower_fabric.cpp
  void add_kernel();
  void add_hosts();
  void add_host_setting(model::HostSetup& host, const Setting& setting);
  void add_processes();
  void add_rcache_setting(model::RcacheSetup& rcache, const Setting& setting);
  void add_files();
  model::PageRange place_of(const RegionInfo& info, std::uint32_t pages);
  void add_region_flags(model::RegionSetup& setup, const Region& region);
  void check_place(const model::RegionSetup& setup, const Region& region);
  void add_region(const RegionInfo& info);
  void add_devices();
  void add_ats_setting(model::AdapterSetup& adapter, const Setting& setting);
  void add_rc_setting(model::RcSetup& rc, const Setting& setting);
  std::uint32_t add_share(const LinkInfo& info, const Setting& setting);
  void add_device_setting(model::AdapterSetup& adapter, const Setting& setting);
  WantedPolicy wanted_policy() const;
  model::Policy policy_of(const DeviceInfo& device, model::AdapterSetup::Kind kind,
                          WantedPolicy& wanted);
  model::Policy policy_from(std::string_view name, const Policy* block);
  void set_policy(model::Policy& policy, std::string_view name, const Setting& setting);
  void set_by_params(model::Policy& policy);
  static std::optional<std::uint64_t> word_index(std::string_view words, std::string_view word);
  std::uint16_t message_in(const Setting& setting);
  model::NodeId node_of(Symbol end) const;
  void add_switches();
  void add_links();

  // lower_costs.cpp
  void add_costs();
  void add_cost(const Setting& setting, model::Cost cost);
  std::optional<model::Distribution> distribution_of(const CallExpr& call, model::Cost cost);
  std::vector<sim::Nanoseconds> samples_of(const Expr& file);

  // lower_idle.cpp
  void find_idle();
  void refuse_idle(const Setting& setting);
  std::string why_idle(const std::vector<Setting>& settings, const Setting& setting);
  bool carries_handles(const model::LinkSetup& link) const;
  void find_idle_numbers();
  void add_idle_settings(std::string_view name, const std::string& why);
  void add_idle(const Name& setting, const std::string& why);

  // lower_program.cpp
  void add_programs();
  void add_steps(const Timeline& timeline);
  void add_window();
  void add_sequence(const std::vector<Event>& events, std::optional<std::uint32_t> thread,
                    bool init);
  model::LineId add_step(const Event& event, const Step& step, std::uint32_t program);
  std::uint32_t program_of(Symbol actor, std::optional<std::uint32_t> thread);
  model::Gate gate_of(const Event& event, model::LineId previous, bool previous_is_open,
                      bool in_thread);
  std::uint32_t add_point(const Path& path);
  void add_results(model::Line& line, const Step& step);
  void check_pfnmap(const model::Call& call, const Step& step);
  void add_repeats(model::LineId id, const Step& step, Span span);
  void add_step_properties(model::LineId id, const Step& step);
  void add_injection(model::LineId id, const Property& property);
  void add_deadline(model::LineId line, const Time& time, Span span);
  void resolve_points();

  // lower_load.cpp
  void add_load();
  void add_run(const Run& run);
  sim::Nanoseconds duration_of(const Expr& expr);
  std::uint32_t several(const Expr& expr);
  void add_workload(const Workload& workload);
  void set_workload(model::WorkloadSetup& setup, const WorkloadKey& key);
  model::AccessPattern pattern_of(const WorkloadKey* key, std::uint32_t blocks);
  void add_slots(const model::WorkloadSetup& setup, Symbol actor, model::Line line);
  std::optional<Symbol> actor_of(const Path& path) const;
  PagesMeant target_of(const Workload& workload, Symbol actor);
  std::vector<model::Call> calls_of(std::string_view operation, Symbol actor,
                                    const PagesMeant& target, Span span);
  model::VariableId queue_to(const PagesMeant& target, Symbol actor, Span span);
  void add_measurement(const Measurement& row);

  // lower_trace.cpp
  void add_traces();
  void add_trace(const Trace& trace, Span span);
  ReplaySettings replay_settings(const Trace& trace, Span span);
  model::CpuId next_cpu(model::HostId host);
  PageShare portion(const Expr& expr);
  void need_device(const ReplaySettings& settings, const Trace& trace);

  // lower_call.cpp
  model::Call call_of(const StepInfo& info);
  void add_argument(model::Call& call, const Parameter& parameter, const Expr& value);
  void add_pages(model::Call& call, const Parameter& parameter, const Expr& value);
  void add_process(model::Call& call, const Parameter& parameter, const Expr& value);
  void add_file(model::Call& call, const StepInfo& info);
  bool is_child_of(model::MmId child, model::MmId parent) const;
  PagesMeant pages_meant(const Expr& expr);
  bool is_cached(std::uint32_t variable) const;
  void add_side(model::Call& call, Symbol host, Span span);
  void need_kind(const model::Call& call, Span span);
  void need_origin(const model::Call& call, const StepInfo& info);
  void need_transport(const model::Call& call, const StepInfo& info);
  void need_queue(const model::Call& call, const VariableInfo& queue, Span span);
  const model::AdapterSetup* card_of(model::MmId process) const;
  void need_implicit(const model::Call& call, model::MmId owner, Span span);
  static bool is_implicit(const VariableInfo& object);
  void need_pages(Symbol symbol, Span span);
  void add_local(model::Call& call, const Expr& value);
  void need_rcache(model::MmId process, Span span);
  void need_xpmem(const model::Call& call, Span span);
  void name_link(model::Call& call, const StepInfo& info);
  void need_link(model::HostId from, model::HostId to, Span span);
  std::optional<std::uint32_t> variable_of(const Expr& expr) const;

  // lower_claims.cpp
  void add_claims();
  void add_assertion(const Assertion& assertion, Span span);
  void add_question(const Ask& ask, Span span);
  void add_emission(const Emission& emission, const std::optional<Time>& time,
                    model::LineId previous);
  model::Pattern pattern_of(std::string_view event, const std::vector<Arg>& args);
  void add_to_pattern(model::Pattern& pattern, const Expr& expr);
  void count_lines();

  // lower_expr.cpp
  model::Expression compile(const Expr& expr);
  void emit(const Expr& expr, model::Expression& out);
  void emit_name(const Expr& expr, Symbol symbol, std::string_view text, model::Expression& out);
  void emit_call(const Expr& expr, const CallExpr& call, model::Expression& out);
  void emit_field(const FieldExpr& field, model::Expression& out);

  // lower.cpp
  void choose_mode();
  void refuse_measures();
  HowToRun how_to_run(const Explore& explore);
  std::uint32_t add_claim(model::Claim claim, Span span);
  std::uint32_t place(Span span);
  void problem(Span span, std::string message);
  Value value_of(const Expr& expr);
  std::uint64_t number_of(const Expr& expr, Dimension dimension = Dimension::none);
  model::MmId mm_of(Symbol actor) const;
  model::HostId host_of(Symbol symbol) const;

  const Sources& sources_;
  const Checked& checked_;
  const Assignment& assignment_;
  const Choices& choices_;
  const Recordings& recordings_;
  Cell& cell_;
  model::Setup& setup_;
  Problems& problems_;
  Problems idle_;

  std::map<std::pair<Symbol, std::uint32_t>, std::uint32_t> programs_;  // By actor and thread.
  std::map<const Step*, model::LineId> lines_;
  std::vector<std::uint32_t> used_cpus_;  // By host.
  model::LineId last_init_{};
  bool timed_ = false;  // Some statement says when.
};

model::Result result_of_error(std::string_view name);   // EFAULT
model::Result result_of_signal(std::string_view name);  // SIGBUS

}  // namespace language
