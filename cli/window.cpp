// SPDX-License-Identifier: Apache-2.0
#include "cli/window.hpp"

namespace cli {
namespace {

using model::Machine;
using model::Pte;

// The kind of a page: anonymous, merged by KSM, or of a file.
char letter_of(const Machine& machine, model::FrameId frame) {
  const model::Frame& folio = machine.frames[machine.frames.head(frame)];
  if (folio.ksm) return 'k';
  const bool file = folio.mapping.some() && !machine.mappings[folio.mapping.index()].anonymous();
  return file ? 'f' : 'a';
}

std::string bits_of(const Pte& pte) {
  // The shipped records show huge migration entries as read-only: docs/conformance.md.
  const bool write = pte.write && !(pte.migrating() && pte.huge);
  std::string bits(1, write ? 'w' : 'r');
  if (!pte.present()) return bits;
  if (pte.young) bits += 'y';
  if (pte.dirty) bits += 'd';
  if (pte.uffd_wp) bits += 'u';
  if (pte.no_access) bits += 'n';
  if (pte.invalid) bits += 'i';
  if (pte.soft_clean) bits += 'c';
  return bits;
}

std::string prefix_of(const Machine& machine, const Pte& pte) {
  std::string prefix;
  if (pte.huge) {
    const bool pool = machine.frames[machine.frames.head(pte.frame())].hugetlb;
    prefix = pool ? "G" : "H";
  }
  if (pte.migrating()) prefix += "M";
  if (pte.kind == Pte::Kind::device_private) prefix += "D";
  if (pte.kind == Pte::Kind::device_exclusive) prefix += "X";
  return prefix.empty() ? prefix : prefix + ":";
}

}  // namespace

WindowEntry window_entry(const Machine& machine, model::MmId mm, model::Page page) {
  const model::PageTable& table = machine.spaces[mm.index()].page_table;
  const Pte pte = table.at(page);
  switch (pte.kind) {
    case Pte::Kind::none:
      return {
          .before = table.has_table(model::pmd_pages, page) ? "-" : "_", .page = {}, .after = ""};
    case Pte::Kind::swapped:
      return {.before = pte.exclusive ? "Sx" : "S", .page = {}, .after = ""};
    case Pte::Kind::marker:
      return {.before = "MARK", .page = {}, .after = ""};
    case Pte::Kind::poisoned:
      return {.before = "HWP", .page = {}, .after = ""};
    default:
      break;
  }
  // The table of a page that is being collapsed: a walk does not find it.
  if (pte.invalid && !pte.huge) return {.before = "_", .page = {}, .after = ""};
  const model::FrameId frame = pte.frame();
  const std::string prefix = prefix_of(machine, pte);
  if (machine.is_zero(frame)) {
    return {.before = prefix + "z", .page = {}, .after = "." + bits_of(pte)};
  }
  return {.before = prefix + letter_of(machine, frame),
          .page = PageIdentity{.frame = frame, .generation = machine.frames[frame].generation},
          .after = "." + bits_of(pte)};
}

}  // namespace cli
