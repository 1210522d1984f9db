// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/json.hpp"

#include "scenarios/language/canonical.hpp"
#include "scenarios/language/json_writer.hpp"

namespace language {

void write(JsonWriter& json, const Setting& setting) {
  json.node("setting", &setting.span, [&] {
    json.member("name", setting.name);
    json.member("values", setting.values);
    json.member("block", setting.block.has_value());
    json.member("nested", setting.nested);
  });
}

void write(JsonWriter& json, const Policy& policy) {
  json.node("policy", &policy.span, [&] {
    json.member("name", policy.name);
    json.member("block", policy.block.has_value());
    json.member("settings", policy.settings);
  });
}

void write(JsonWriter& json, const Device& device) {
  json.node("device", &device.span, [&] {
    json.member("name", device.name);
    json.member("kind", device.kind);
    json.member("block", device.block.has_value());
    json.member("entries", device.entries);
  });
}

void write(JsonWriter& json, const Region& region) {
  json.node("region", &region.span, [&] {
    json.member("name", region.name);
    json.member("kind", region.kind);
    json.member("file", region.file);
    json.member("size", region.size);
    json.member("flags", region.flags);
    json.member("offset", region.offset);
    json.member("address", region.address);
  });
}

void write(JsonWriter& json, const StepBlock& step) {
  json.node("step_block", &step.span, [&] {
    json.member("text", step.text);
    json.member("first", std::to_string(step.first));
    json.member("count", std::to_string(step.count));
  });
}

void write(JsonWriter& json, const Window::Part& part) {
  json.node("window_part", &part.pages.span, [&] {
    json.member("pages", part.pages);
    json.member("every", part.every);
  });
}

void write(JsonWriter& json, const WorkloadKey& key) { json.string(canonical(key)); }

void write(JsonWriter& json, const Measurement& row) {
  json.node("measurement", &row.span, [&] {
    json.member("what", row.what);
    json.member("subject", row.subject);
    json.member("statistics", row.statistics);
    json.member("same_line", row.same_line);
  });
}

void write(JsonWriter& json, const ReportClause& clause) {
  json.node("clause", &clause.key.span, [&] {
    json.member("key", clause.key);
    json.member("values", clause.values);
  });
}

namespace {

struct ItemWriter {
  JsonWriter& json;
  const Span* span;

  void operator()(const LanguageVersion& item) const {
    json.node("language", span, [&] { json.member("version", item.version); });
  }
  void operator()(const ScenarioName& item) const {
    json.node("scenario", span, [&] { json.member("title", item.title); });
  }
  void operator()(const Import& item) const {
    json.node("import", span, [&] { json.member("path", item.path); });
  }
  void operator()(const Kernel& item) const {
    json.node("kernel", span, [&] {
      json.member("version", item.version);
      json.member("block", item.block.has_value());
      json.member("switches", item.switches);
    });
  }
  void operator()(const Param& item) const { json.string(canonical(item)); }
  void operator()(const Let& item) const {
    json.node("let", span, [&] {
      json.member("name", item.name);
      json.member("value", item.value);
    });
  }
  void operator()(const Host& item) const {
    json.node("host", span, [&] {
      json.member("name", item.name);
      json.member("entries", item.entries);
    });
  }
  void operator()(const Link& item) const {
    json.node("link", span, [&] {
      json.member("left", item.left);
      json.member("right", item.right);
      json.member("block", item.block.has_value());
      json.member("settings", item.settings);
    });
  }
  void operator()(const Switch& item) const {
    json.node("switch", span, [&] {
      json.member("name", item.name);
      json.member("block", item.block.has_value());
      json.member("settings", item.settings);
    });
  }
  void operator()(const Mesh& item) const {
    json.node("mesh", span, [&] {
      json.member("ends", item.ends);
      json.member("block", item.block.has_value());
      json.member("settings", item.settings);
    });
  }
  void operator()(const Policy& item) const { write(json, item); }
  void operator()(const Cost& item) const {
    json.node("cost", span, [&] { json.member("settings", item.settings); });
  }
  void operator()(const MappedFile& item) const {
    json.node("file", span, [&] {
      json.member("name", item.name);
      json.member("host", item.host);
      json.member("kind", item.kind);
      json.member("size", item.size);
      json.member("flags", item.flags);
    });
  }
  void operator()(const Process& item) const {
    json.node("process", span, [&] {
      json.member("name", item.name);
      json.member("host", item.host);
      json.member("block", item.block.has_value());
      json.member("entries", item.entries);
    });
  }
  void operator()(const Init& item) const {
    json.node("init", span, [&] { json.member("events", item.events); });
  }
  void operator()(const Timeline& item) const {
    json.node("timeline", span, [&] {
      json.member("events", item.events);
      json.member("steps", item.steps);
    });
  }
  void operator()(const Thread& item) const {
    json.node("thread", span, [&] {
      json.member("path", item.path);
      json.member("cpu", item.cpu);
      json.member("events", item.events);
    });
  }
  void operator()(const Workload& item) const {
    json.node("workload", span, [&] {
      json.member("name", item.name);
      json.member("actor", item.actor);
      json.member("keys", item.keys);
    });
  }
  void operator()(const Trace& item) const {
    json.node("trace", span, [&] {
      json.member("path", item.path);
      json.member("actor", item.actor);
      json.member("settings", item.settings);
    });
  }
  void operator()(const Run& item) const {
    json.node("run", span, [&] { json.member("settings", item.settings); });
  }
  void operator()(const Explore& item) const { json.string(canonical(item)); }
  void operator()(const Assertion& item) const {
    json.node(keyword(item.kind), span, [&] {
      json.member("expect_fail", item.expect_fail);
      json.member("properties", item.properties);
      if (item.kind != AssertionKind::never) json.member("condition", item.condition);
      json.member("when", item.when);
    });
  }
  void operator()(const Check& item) const {
    json.node("check", span, [&] {
      json.member("condition", item.condition);
      json.member("when", item.when);
    });
  }
  void operator()(const Measure& item) const {
    json.node("measure", span, [&] { json.member("rows", item.rows); });
  }
  void operator()(const Baseline& item) const {
    json.node("baseline", span, [&] { json.member("condition", item.condition); });
  }
  void operator()(const Report& item) const {
    json.node(item.kind == ReportKind::table ? "table" : "plot", span,
              [&] { json.member("clauses", item.clauses); });
  }
  void operator()(const Watch& item) const {
    json.node("watch", span, [&] { json.member("columns", item.columns); });
  }
  void operator()(const Window& item) const {
    json.node("window", span, [&] {
      json.member("parts", item.parts);
      json.member("others", item.others);
    });
  }
  void operator()(const Ask& item) const {
    json.node("ask", span, [&] {
      json.member("question", item.question);
      json.member("kind", keyword(item.kind));
      json.member("answer", item.answer);
      json.member("when", item.when);
    });
  }
};

}  // namespace

std::string to_json(const File& file, const Source* source) {
  JsonWriter json(source);
  json.raw("[");
  for (std::size_t i = 0; i < file.items.size(); ++i) {
    if (i > 0) json.raw(",\n");
    std::visit(ItemWriter{json, &file.items[i].span}, file.items[i].node);
  }
  json.raw("]\n");
  return json.take();
}

}  // namespace language
