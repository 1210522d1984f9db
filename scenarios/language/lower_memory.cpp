// SPDX-License-Identifier: Apache-2.0
// Files, regions, and the window of a conformance run.
#include "scenarios/language/lowering.hpp"

namespace language {
namespace {

constexpr std::uint32_t first_page = 16;

bool has_flag(const std::vector<Name>& flags, std::string_view wanted) {
  for (const Name& flag : flags) {
    if (flag.text == wanted) return true;
  }
  return false;
}

}  // namespace

void Lowering::add_files() {
  using FileKind = model::FileSetup::Kind;
  for (const FileInfo& info : checked_.files) {
    const MappedFile& file = *info.file;
    model::FileSetup setup{.name = info.name.text, .host = model::HostId{info.host}};
    setup.kind = file.kind.text == "disk"        ? FileKind::disk
                 : file.kind.text == "hugetlbfs" ? FileKind::hugetlbfs
                 : file.kind.text == "pfnmap"    ? FileKind::pfnmap
                                                 : FileKind::memfd;
    setup.pages = static_cast<std::uint32_t>(number_of(file.size, Dimension::pages));
    setup.cached = !has_flag(file.flags, "hole");
    setup.gigantic = has_flag(file.flags, "gigantic");
    if (setup.gigantic && setup.kind != FileKind::hugetlbfs) {
      problem(file.kind.span, "only hugetlbfs has gigantic pages");
    }
    setup_.files.push_back(std::move(setup));
  }
}

// Where it says; else one page after the region before it.
model::PageRange Lowering::place_of(const RegionInfo& info, std::uint32_t pages) {
  std::uint32_t start =
      setup_.regions.empty() ? first_page : setup_.regions.back().pages.end().value + 1;
  if (info.region->address) {
    start = page_number(number_of(*info.region->address)).page;
  }
  return {.first = model::Page{start}, .count = pages};
}

void Lowering::add_region(const RegionInfo& info) {
  const Region& region = *info.region;
  const auto pages = static_cast<std::uint32_t>(number_of(region.size, Dimension::pages));
  model::RegionSetup setup{.name = info.name.text, .mm = model::MmId{info.process}};
  setup.pages = place_of(info, pages);
  if (region.address) setup.address = number_of(*region.address);
  setup.shared = region.kind.text == "shmem";
  setup.hugetlb = region.kind.text == "hugetlb";
  setup.xpmem = setup.lazy = region.kind.text == "xpmem";
  if (info.file) {
    setup.file = model::FileId{*info.file};
    const model::FileSetup& file = setup_.files[*info.file];
    setup.hugetlb = file.kind == model::FileSetup::Kind::hugetlbfs;
    setup.gigantic = file.gigantic;
  }
  if (region.offset) {
    setup.offset = static_cast<std::uint32_t>(number_of(*region.offset, Dimension::pages));
  }
  add_region_flags(setup, region);
  check_place(setup, region);
  setup_.regions.push_back(std::move(setup));
}

void Lowering::add_region_flags(model::RegionSetup& setup, const Region& region) {
  for (const Name& flag : region.flags) {
    if (flag.text == "ro" || flag.text == "rx") setup.write = false;
    if (flag.text == "rx" || flag.text == "rwx") setup.exec = true;
    if (flag.text == "none") setup.read = setup.write = false;
    if (flag.text == "lazy") setup.lazy = true;
    if (flag.text == "locked") setup.locked = true;
    if (flag.text == "shared") setup.shared = true;
    if (flag.text == "thp") setup.huge = true;
    if (flag.text == "growsdown") setup.grows_down = true;
    if (flag.text == "gigantic") setup.gigantic = true;
  }
}

// The checker compares the regions that say where they are; this one may lie among the others.
void Lowering::check_place(const model::RegionSetup& setup, const Region& region) {
  const std::uint32_t edges = setup.pages.first.value | setup.pages.count | setup.offset;
  const std::uint32_t size = setup.gigantic ? model::pud_pages : model::pmd_pages;
  const bool of_file = setup.file.some();
  if (setup.gigantic && (of_file ? !setup_.files[setup.file.index()].gigantic : !setup.hugetlb)) {
    return problem(region.kind.span,
                   of_file ? "the file has no gigantic pages" : "only hugetlb has gigantic pages");
  }
  if (setup.hugetlb && !setup.lazy && edges % size != 0) {
    return problem(region.name.span, "huge pages lie at multiples of " + std::to_string(size) +
                                         " pages, all of each");
  }
  const bool buffer =
      of_file && setup_.files[setup.file.index()].kind == model::FileSetup::Kind::pfnmap;
  if (buffer && (!setup.shared || setup.locked)) {
    return problem(region.kind.span, "a driver's buffer is mapped shared, and not locked");
  }
  for (const model::RegionSetup& other : setup_.regions) {
    const bool both = other.mm == setup.mm && !other.lazy && !setup.lazy;
    if (!both || !other.pages.overlaps(setup.pages)) continue;
    return problem(region.name.span,
                   "region '" + setup.name + "' lies where '" + other.name + "' is");
  }
}

void Lowering::add_window() {
  if (checked_.window == nullptr) return;
  for (const Window::Part& part : checked_.window->parts) {
    const PagesMeant meant = pages_meant(part.pages);
    const std::uint32_t stride =
        part.every ? static_cast<std::uint32_t>(number_of(*part.every)) : 1;
    setup_.windows.push_back({.mm = meant.mm,
                              .first = meant.pages.first,
                              .count = (meant.pages.count + stride - 1) / stride,
                              .stride = stride});
  }
  for (const Name& name : checked_.window->others) {
    for (std::uint32_t i = 0; i < checked_.processes.size(); ++i) {
      if (checked_.processes[i].name.text == name.text) cell_.also_seen.push_back(model::MmId{i});
    }
  }
}

}  // namespace language
