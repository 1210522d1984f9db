// SPDX-License-Identifier: Apache-2.0
#include "model/policy/huge_block.hpp"

#include "model/memory/page_table.hpp"
#include "model/policy/driver.hpp"

namespace model {
namespace {

using P = HugeBlockPolicy;

constexpr std::array settings_table{
    number<P, &P::retries>("retries", "how often a fault starts over before the access fails"),
    flag<P, &P::wait_inflight>("wait_inflight", "range_start waits for transfers in flight"),
    flag<P, &P::drop_block>("drop_block",
                            "a range drops every block that it touches; 'no': those that begin "
                            "in it"),
};

Page block_of(Page page) { return Page{page.value - page.value % pmd_pages}; }

// All blocks that the range touches.
PageRange blocks_of(PageRange pages) {
  const Page first = block_of(pages.first);
  const Page last = block_of(pages.at(pages.count - 1));
  return {.first = first, .count = last.value - first.value + pmd_pages};
}

// Of the region's blocks, those whose first page is in the range.
PageRange blocks_begun_in(PageRange region, PageRange pages) {
  PageRange all = blocks_of(pages).intersect(region);
  if (pages.contains(all.first)) return all;
  const std::uint32_t rest = pmd_pages - all.first.value % pmd_pages;
  const std::uint32_t skipped = std::min(rest, all.count);
  return {.first = all.at(skipped), .count = all.count - skipped};
}

}  // namespace

std::span<const Setting<P>> P::settings() { return settings_table; }

// `cursor` is the page that is wanted; of the others, what is mapped anyway.
Next P::look_up(Driver& driver, const PolicyCall& call) const {
  const bool wanted = call.page == Page{call.cursor};
  return wanted ? driver.look_up(call.mr, call.page, call.write)
                : driver.snapshot(call.mr, call.page);
}

Next P::fault(Driver& driver, PolicyCall& call) const {
  switch (call.at<Fault>()) {
    case Fault::early_lock:
      call.cursor = call.page.value;
      call.pages = blocks_of(one_page(call.page)).intersect(driver.registration(call.mr).pages);
      call.page = call.pages.first;
      return IntervalNotifierPolicy::fault(driver, call);
    case Fault::wait:
      call.go(Fault::walk);
      return look_up(driver, call);
    case Fault::walk:
      call.found = driver.found();
      if (call.page == Page{call.cursor} && !call.found.populated()) {
        const int error = driver.error();
        for (Page page = call.pages.first; page < call.page; ++page.value) {
          driver.end_lookup(call.mr, page);
        }
        driver.forget(call);
        return driver.fail(error);
      }
      if (call.page.value + 1 < call.pages.end().value) {
        driver.keep(call);
        return look_up(driver, call);
      }
      return call.go(Fault::lock, Next::pass);
    case Fault::read_begin:
    case Fault::early_recheck:
    case Fault::lock:
    case Fault::install:
    case Fault::unlock:
      return IntervalNotifierPolicy::fault(driver, call);
  }
  return Next::done;
}

// While it runs, `pages` are those of the blocks; what it reports is what it was told.
Next P::range_start(Driver& driver, PolicyCall& call) const {
  const PageRange region = driver.registration(call.mr).pages;
  const PageRange told = region.intersect(call.range.pages);
  if (call.at<Start>() == Start::clear) {
    call.pages = drop_block ? blocks_of(told).intersect(region) : blocks_begun_in(region, told);
  }
  if (call.at<Start>() == Start::unlock) call.pages = told;
  return IntervalNotifierPolicy::range_start(driver, call);
}

}  // namespace model
