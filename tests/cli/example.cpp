// SPDX-License-Identifier: Apache-2.0
#include "tests/cli/example.hpp"

#include "model/policy/registry.hpp"

namespace cli::testing {
namespace {

using language::Cell;
using language::Question;
using model::Claim;
using model::Operation;
using Code = Operation::Code;

constexpr const char* text = R"(// SPDX-License-Identifier: Apache-2.0
scenario "race"
host A { cpus 2; ram 64 pages; device rnic0: rnic }
process app on A { region buf: anon 2 pages }
init {
    app: memset(buf, 1)
    app: mr := reg_mr(A.rnic0, buf, odp) = ok
}
thread app.t0 {
    munmap(buf) = 0 as U
}
thread A.rnic0 {
    r1 := dma_write(mr[1], 0xbeef) = 0 | -EFAULT as W
}
never use_after_free, deadlock
exists (A.rnic0:r1 == 0)
~exists (A.rnic0:r1 == 0 && pte(app, buf[1]) == none)
always frames_pinned == 0
watch pte(app, buf[1]), A.rnic0:r1
)";

// Builds a cell beside the text that it would be made of.
class Maker {
 public:
  explicit Maker(model::Policy policy, language::RunMode mode) {
    scenario_.path = "race.sd";
    scenario_.sources = std::make_unique<language::Sources>([](const std::string& path) {
      return path == "race.sd" ? std::optional<std::string>(text) : std::nullopt;
    });
    source_ = *scenario_.sources->load("race.sd");
    cell_.setup = std::make_unique<model::Setup>();
    cell_.policy = std::string(model::name_of(policy));
    cell_.mode = mode;
    cell_.runs = 20;
    add_machine(std::move(policy));
    add_programs();
  }

  std::uint32_t place(std::string_view what) {
    const auto offset = std::string_view(text).find(what);
    cell_.places.push_back({.source = source_,
                            .offset = static_cast<std::uint32_t>(offset),
                            .length = static_cast<std::uint32_t>(what.size())});
    return static_cast<std::uint32_t>(cell_.places.size() - 1);
  }

  std::uint32_t claim(Claim::Kind kind, std::string_view said, Claim extra = {}) {
    extra.kind = kind;
    extra.text = std::string(said);
    extra.source = place(said);
    setup().claims.push_back(std::move(extra));
    return static_cast<std::uint32_t>(setup().claims.size() - 1);
  }

  void watch() {
    cell_.watch.push_back({"pte(app, buf[1])", pte()});
    cell_.watch.push_back({"A.rnic0:r1", r1()});
  }

  void ask(Question::Kind kind, const std::string& question, model::Expression expression) {
    Question asked{.kind = kind, .text = question, .expression = expression};
    if (kind != Question::Kind::value) {
      asked.claim = claim(Claim::Kind::question, "watch", {.expression = std::move(expression)});
    }
    cell_.questions.push_back(std::move(asked));
  }

  model::Expression r1() const { return {{.code = Code::variable, .variable = r1_}}; }
  model::Expression pte() const {
    return {{.code = Code::pte, .mm = model::MmId{0}, .pages = model::one_page(buf_.at(1))}};
  }
  static model::Expression equals(model::Expression left, std::int64_t right) {
    left.push_back({.code = Code::number, .constant = right});
    left.push_back({.code = Code::equal});
    return left;
  }

  Scenario finish() {
    scenario_.loaded.cells.push_back(std::move(cell_));
    return std::move(scenario_);
  }

 private:
  model::Setup& setup() { return *cell_.setup; }

  void add_machine(model::Policy policy) {
    const model::HostId host{0};
    setup().name = "race";
    setup().hosts.push_back({.name = "A", .cpus = 2, .frames = 64, .slots = 16});
    setup().adapters.push_back(
        {.name = "A.rnic0", .host = host, .odp = true, .policy = std::move(policy)});
    setup().processes.push_back({.name = "app", .host = host});
    setup().regions.push_back({.name = "buf", .mm = model::MmId{0}, .pages = buf_});
    setup().variables = {{"mr"}, {"A.rnic0:r1"}};
  }

  void add_programs() {
    const model::HostId host{0};
    const model::MmId app{0};
    setup().programs = {
        {.name = "app", .host = host, .mm = app, .cpu = model::CpuId{0}},
        {.name = "app.t0", .host = host, .mm = app, .cpu = model::CpuId{1}},
        {.name = "A.rnic0", .host = host, .adapter = model::AdapterId{0}, .cpu = model::CpuId{0}}};
    const model::VariableId mr{0};
    add_line(0, "memset(buf, 1)",
             {.verb = model::Verb::memset, .mm = app, .pages = buf_, .number = 1});
    add_line(
        0, "mr := reg_mr(A.rnic0, buf, odp) = ok",
        {.verb = model::Verb::reg_mr, .mm = app, .pages = buf_, .adapter = model::AdapterId{0}});
    setup().lines[1].result = mr;
    setup().lines[1].gate = {.kind = model::Gate::Kind::done, .line = model::LineId{0}};
    setup().lines[0].init = setup().lines[1].init = true;
    add_line(1, "munmap(buf) = 0 as U", {.verb = model::Verb::munmap, .mm = app, .pages = buf_});
    add_line(2, "r1 := dma_write(mr[1], 0xbeef) = 0 | -EFAULT as W",
             {.verb = model::Verb::dma_write,
              .target = {.variable = mr, .offset = model::one_page(model::Page{1})},
              .adapter = model::AdapterId{0},
              .number = 0xbeef});
    setup().lines[2].label = "U";
    setup().lines[3].label = "W";
    setup().lines[3].result = r1_;
    expect(2, {model::Result::value(0)});
    expect(3, {model::Result::value(0), model::Result::error(EFAULT)});
  }

  void add_line(std::size_t program, std::string_view said, const model::Call& call) {
    const model::LineId id{static_cast<std::uint32_t>(setup().lines.size())};
    setup().lines.push_back({.call = call, .text = std::string(said), .source = place(said)});
    setup().programs[program].lines.push_back(id);
  }

  void expect(std::size_t line, std::vector<model::Result> results) {
    setup().lines[line].expected = std::move(results);
    setup().lines[line].claim = claim(Claim::Kind::result, setup().lines[line].text);
  }

  Scenario scenario_;
  language::SourceId source_;
  Cell cell_;
  model::PageRange buf_{.first = model::Page{16}, .count = 2};
  model::VariableId r1_{1};
};

}  // namespace

Scenario race(model::Policy policy, language::RunMode mode) {
  Maker maker(std::move(policy), mode);
  const auto done = Maker::equals(maker.r1(), 0);
  maker.claim(Claim::Kind::never, "use_after_free", {.property = model::Property::use_after_free});
  maker.claim(Claim::Kind::never, "deadlock", {.property = model::Property::deadlock});
  maker.claim(Claim::Kind::exists, "(A.rnic0:r1 == 0)", {.expression = done});
  model::Expression both = Maker::equals(maker.pte(), model::unset);
  both.insert(both.end(), done.begin(), done.end());
  both.push_back({.code = Code::logical_and});
  maker.claim(Claim::Kind::not_exists, "(A.rnic0:r1 == 0 && pte(app, buf[1]) == none)",
              {.expression = both});
  maker.claim(Claim::Kind::always, "frames_pinned == 0",
              {.expression = Maker::equals({{.code = Code::frames_pinned}}, 0)});
  maker.watch();
  return maker.finish();
}

Scenario lesson() {
  Maker maker(model::IntervalNotifierPolicy{}, language::RunMode::explore);
  maker.ask(Question::Kind::exists, "Can the write succeed?", Maker::equals(maker.r1(), 0));
  maker.ask(Question::Kind::forall, "Does it always?", Maker::equals(maker.r1(), 0));
  maker.ask(Question::Kind::value, "What can it return?", maker.r1());
  return maker.finish();
}

}  // namespace cli::testing
