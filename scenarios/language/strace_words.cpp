// SPDX-License-Identifier: Apache-2.0
#include "scenarios/language/strace_words.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "scenarios/language/nearest.hpp"
#include "scenarios/language/strace.hpp"

namespace language {
namespace {

namespace map = model::map_flag;
namespace remap = model::remap_flag;

struct WordOfFlags {
  std::string_view name;
  std::uint64_t number;  // What Linux means by it.
  std::uint32_t bits;    // Of the model; 0: it makes no difference there.
};

constexpr std::array protections{
    WordOfFlags{"PROT_NONE", 0, 0},
    WordOfFlags{"PROT_READ", 1, model::protection::read},
    WordOfFlags{"PROT_WRITE", 2, model::protection::write},
    WordOfFlags{"PROT_EXEC", 4, model::protection::exec},
    WordOfFlags{"PROT_SEM", 8, 0},
    WordOfFlags{"PROT_GROWSDOWN", 0x01000000, 0},
    WordOfFlags{"PROT_GROWSUP", 0x02000000, 0},
};

// Of the size of huge pages there are the shifts 21 and 30, at bit 26.
constexpr std::array mappings{
    WordOfFlags{"MAP_FILE", 0, 0},
    WordOfFlags{"MAP_SHARED", 0x01, map::shared},
    WordOfFlags{"MAP_PRIVATE", 0x02, map::private_},
    WordOfFlags{"MAP_SHARED_VALIDATE", 0x03, map::shared},
    WordOfFlags{"MAP_FIXED", 0x10, map::fixed},
    WordOfFlags{"MAP_ANONYMOUS", 0x20, map::anonymous},
    WordOfFlags{"MAP_32BIT", 0x40, 0},
    WordOfFlags{"MAP_GROWSDOWN", 0x100, map::grows_down},
    WordOfFlags{"MAP_DENYWRITE", 0x800, 0},
    WordOfFlags{"MAP_EXECUTABLE", 0x1000, 0},
    WordOfFlags{"MAP_LOCKED", 0x2000, map::locked},
    WordOfFlags{"MAP_NORESERVE", 0x4000, 0},
    WordOfFlags{"MAP_POPULATE", 0x8000, map::populate},
    WordOfFlags{"MAP_NONBLOCK", 0x10000, 0},
    WordOfFlags{"MAP_STACK", 0x20000, 0},
    WordOfFlags{"MAP_HUGETLB", 0x40000, map::hugetlb},
    WordOfFlags{"MAP_SYNC", 0x80000, 0},
    WordOfFlags{"MAP_FIXED_NOREPLACE", 0x100000, 0},
    WordOfFlags{"21<<MAP_HUGE_SHIFT", 0x54000000, map::huge_2mb},
    WordOfFlags{"30<<MAP_HUGE_SHIFT", 0x78000000, map::huge_1gb},
};

constexpr std::array remaps{
    WordOfFlags{"MREMAP_MAYMOVE", 1, remap::maymove},
    WordOfFlags{"MREMAP_FIXED", 2, remap::fixed},
    WordOfFlags{"MREMAP_DONTUNMAP", 4, remap::dontunmap},
};

constexpr std::array locks{
    WordOfFlags{"MCL_CURRENT", 1, model::lock_all_flag::current},
    WordOfFlags{"MCL_FUTURE", 2, model::lock_all_flag::future},
    WordOfFlags{"MCL_ONFAULT", 4, model::lock_all_flag::on_fault},
};

struct WordOfAdvice {
  std::string_view name;
  std::uint64_t number;
  model::Advice advice;
};

constexpr std::array advices{
    WordOfAdvice{"MADV_NORMAL", 0, model::Advice::normal},
    WordOfAdvice{"MADV_RANDOM", 1, model::Advice::random},
    WordOfAdvice{"MADV_SEQUENTIAL", 2, model::Advice::sequential},
    WordOfAdvice{"MADV_WILLNEED", 3, model::Advice::willneed},
    WordOfAdvice{"MADV_DONTNEED", 4, model::Advice::dontneed},
    WordOfAdvice{"MADV_FREE", 8, model::Advice::free},
    WordOfAdvice{"MADV_REMOVE", 9, model::Advice::remove},
    WordOfAdvice{"MADV_DONTFORK", 10, model::Advice::dontfork},
    WordOfAdvice{"MADV_DOFORK", 11, model::Advice::dofork},
    WordOfAdvice{"MADV_MERGEABLE", 12, model::Advice::mergeable},
    WordOfAdvice{"MADV_UNMERGEABLE", 13, model::Advice::unmergeable},
    WordOfAdvice{"MADV_HUGEPAGE", 14, model::Advice::hugepage},
    WordOfAdvice{"MADV_NOHUGEPAGE", 15, model::Advice::nohugepage},
    WordOfAdvice{"MADV_DONTDUMP", 16, model::Advice::dontdump},
    WordOfAdvice{"MADV_DODUMP", 17, model::Advice::dodump},
    WordOfAdvice{"MADV_WIPEONFORK", 18, model::Advice::wipeonfork},
    WordOfAdvice{"MADV_KEEPONFORK", 19, model::Advice::keeponfork},
    WordOfAdvice{"MADV_COLD", 20, model::Advice::cold},
    WordOfAdvice{"MADV_PAGEOUT", 21, model::Advice::pageout},
    WordOfAdvice{"MADV_POPULATE_READ", 22, model::Advice::populate_read},
    WordOfAdvice{"MADV_POPULATE_WRITE", 23, model::Advice::populate_write},
    WordOfAdvice{"MADV_DONTNEED_LOCKED", 24, model::Advice::dontneed_locked},
    WordOfAdvice{"MADV_COLLAPSE", 25, model::Advice::collapse},
    WordOfAdvice{"MADV_HWPOISON", 100, model::Advice::hwpoison},
    WordOfAdvice{"MADV_SOFT_OFFLINE", 101, model::Advice::soft_offline},
    WordOfAdvice{"MADV_GUARD_INSTALL", 102, model::Advice::guard_install},
    WordOfAdvice{"MADV_GUARD_REMOVE", 103, model::Advice::guard_remove},
};

// Bits without a name: those that are known, and nothing that is left over.
bool add_number(Flags& flags, std::uint64_t number, std::span<const WordOfFlags> words) {
  std::uint64_t left = number;
  for (const WordOfFlags& word : words) {
    if (word.number == 0 || (number & word.number) != word.number) continue;
    flags.bits |= word.bits;
    left &= ~word.number;
  }
  return left == 0;
}

Flags flags_of(std::string_view text, std::span<const WordOfFlags> words) {
  Flags flags;
  text = text.substr(0, text.find(" /*"));
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('|'), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto found = std::ranges::find(words, word, &WordOfFlags::name);
    if (found != words.end()) {
      flags.bits |= found->bits;
      continue;
    }
    const auto number = strace_number(word);
    if (number && add_number(flags, *number, words)) continue;
    flags.unknown = word;
    std::vector<std::string> known;
    for (const WordOfFlags& row : words) known.emplace_back(row.name);
    flags.suggestion = nearest(word, known);
    return flags;
  }
  return flags;
}

}  // namespace

Flags protection_flags(std::string_view text) { return flags_of(text, protections); }

Flags mapping_flags(std::string_view text) {
  Flags flags = flags_of(text, mappings);
  flags.stack = text.find("MAP_STACK") != std::string_view::npos ||
                (flags.bits & model::map_flag::grows_down) != 0;
  flags.fixed = text.find("MAP_FIXED") != std::string_view::npos;
  return flags;
}

Flags remap_flags(std::string_view text) { return flags_of(text, remaps); }
Flags lock_flags(std::string_view text) { return flags_of(text, locks); }

std::optional<model::Advice> advice_of(std::string_view text) {
  const auto number = strace_number(text);
  for (const WordOfAdvice& word : advices) {
    if (word.name == text || word.number == number) return word.advice;
  }
  return std::nullopt;
}

CloneFlags clone_flags(std::string_view arguments) {
  const auto has = [&](std::string_view word) {
    for (std::size_t at = arguments.find(word); at != std::string_view::npos;
         at = arguments.find(word, at + 1)) {
      const std::string_view behind = arguments.substr(at + word.size());
      const bool ends = behind.empty() || behind[0] == '|' || behind[0] == ',' ||
                        behind[0] == '}' || behind[0] == ')' || behind[0] == ' ';
      if (ends && (at == 0 || arguments[at - 1] == '|' || arguments[at - 1] == '=')) return true;
    }
    return false;
  };
  return {
      .shares_memory = has("CLONE_VM"), .thread = has("CLONE_THREAD"), .vfork = has("CLONE_VFORK")};
}

}  // namespace language
