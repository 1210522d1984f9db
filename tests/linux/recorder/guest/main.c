// SPDX-License-Identifier: GPL-2.0-only
// PID 1 of the guest: sets the machine up, runs each operation in a fresh process, and writes the
// record to the second serial line.
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "op.h"

#define DEVICE "/dev/recorder"
#define RECORD "/dev/ttyS1"
#define SECONDS_MAX 60  // An operation that takes longer is stuck.
#define GATE 3          // Where an operation waits to begin.

static const struct op* const topics[] = {anon_ops,   mremap_ops,  advice_ops,  fork_ops, exit_ops,
                                          file_ops,   reclaim_ops, migrate_ops, uffd_ops, thp_ops,
                                          driver_ops, device_ops,  misc_ops};
#define TOPICS (sizeof(topics) / sizeof(*topics))

static void pin_to(int cpu) {
  cpu_set_t cpus;

  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  sched_setaffinity(0, sizeof(cpus), &cpus);
}

// `what` is a device, or an option, or nothing.
static void mount_one(const char* type, const char* where, const char* what) {
  const char* options = what && *what != '/' ? what : NULL;

  mkdir(where, 0755);
  need(mount(what ? what : type, where, type, 0, options), where);
}

// The list has them in the order in which they need each other.
static void load_modules(void) {
  char path[80];
  FILE* list = fopen("/modules/list", "r");
  int file;

  while (list && fgets(path, sizeof(path), list)) {
    path[strcspn(path, "\n")] = 0;
    file = open(path, O_RDONLY);
    need(syscall(SYS_finit_module, file, "", 0), path);
    close(file);
  }
  if (list) fclose(list);
}

static void copy(const char* from, const char* to) {
  static char block[65536];
  const int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0700);
  ssize_t bytes;

  need(in, from);
  need(out, to);
  while ((bytes = read(in, block, sizeof(block))) > 0) need(write(out, block, bytes), to);
  close(in);
  close(out);
}

// mkswap: a page that ends in the signature, and says version 1 and the number of the last page.
static void start_swap(void) {
  static char header[PAGE];
  const unsigned values[] = {1, (64 << 20) / PAGE - 1, 0};
  int file;

  need(write_text("/sys/block/zram0/disksize", "64M"), "zram");
  memcpy(header + 1024, values, sizeof(values));
  memcpy(header + PAGE - 10, "SWAPSPACE2", 10);
  file = open("/dev/zram0", O_WRONLY);
  need(write(file, header, sizeof(header)), "mkswap");
  close(file);
  need(swapon("/dev/zram0", 0), "swapon");
}

static void make_disk(void) {
  static char content[PAGE];
  int file;

  copy("/disk.img", "/dev/ram0");
  mount_one("ext2", "/disk", "/dev/ram0");
  file = open("/disk/direct", O_WRONLY | O_CREAT, 0600);
  need(write(file, content, sizeof(content)), "/disk/direct");
  fsync(file);
  close(file);
}

// It sleeps only if there is something to come back to, and starts at once on what comes first.
static void keep_khugepaged_asleep(void) {
  char* room =
      mmap(NULL, 2 * HUGE_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  need(madvise(room, 2 * HUGE_PAGES * PAGE, MADV_HUGEPAGE), "MADV_HUGEPAGE");
  write_text("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs", "3600000");
}

static void make_machine(void) {
  mount_one("proc", "/proc", NULL);
  mount_one("sysfs", "/sys", NULL);
  mount_one("devtmpfs", "/dev", NULL);
  mount_one("tmpfs", "/tmp", NULL);
  mount_one("debugfs", "/sys/kernel/debug", NULL);
  mount_one("tracefs", "/sys/kernel/tracing", NULL);
  mount_one("cgroup2", "/cgroup", NULL);
  mount_one("cgroup", "/freezer", "freezer");
  need(write_text("/cgroup/cgroup.subtree_control", "+memory"), "cgroup.subtree_control");
  mkdir("/cgroup/op", 0755);
  mkdir("/freezer/op", 0755);
  load_modules();
  start_swap();
  make_disk();
  copy("/init", PROGRAM);
  write_text("/proc/sys/kernel/numa_balancing", "0");
  write_text("/proc/sys/kernel/printk", "4");
  write_text("/proc/sys/kernel/randomize_va_space", "0");  // Where the heap is, for one.
  write_text("/proc/sys/vm/nr_hugepages", "8");
  write_text("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
  write_text("/sys/kernel/mm/lru_gen/enabled", "n");
  write_text("/sys/kernel/mm/ksm/run", "0");
  keep_khugepaged_asleep();
  write_text("/sys/module/damon_stat/parameters/enabled", "N");  // It ages pages all the time.
}

static int open_record(void) {
  const int file = open(RECORD, O_WRONLY | O_NOCTTY);
  struct termios line;

  need(file, RECORD);
  tcgetattr(file, &line);
  cfmakeraw(&line);
  tcsetattr(file, TCSANOW, &line);
  return file;
}

static double uptime(void) {
  struct timespec now;

  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

static void start_op(const struct op* op, int gate) {
  dup2(gate, GATE);
  execl(PROGRAM, "op", "--op", op->name, NULL);
  _exit(254);
}

// The process says that it is on its CPU, and is told to begin.
static void open_gate(int gate) {
  char byte;

  if (read(gate, &byte, 1) == 1 && write(gate, &byte, 1) != 1) need(-1, "gate");
}

static void wait_at_gate(void) {
  char byte = 0;

  if (write(GATE, &byte, 1) != 1 || read(GATE, &byte, 1) != 1) _exit(254);
  close(GATE);
}

// The number of steps it took; negative: it failed. It was on our CPU when it began: we run once
// more, so that the CPU lets go of its memory, and then no more, as that would disturb it.
static int wait_for(pid_t process, int gate) {
  struct pollfd end = {.fd = syscall(SYS_pidfd_open, process, 0), .events = POLLIN};
  int status;

  open_gate(gate);
  if (poll(&end, 1, SECONDS_MAX * 1000) <= 0) kill(process, SIGKILL);
  close(end.fd);
  waitpid(process, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) < 200 ? WEXITSTATUS(status) : -1;
}

static void run(const struct op* op) {
  int steps, gate[2];
  pid_t process;

  dprintf(1, "recorder: %s\n", op->name);
  dprintf(record_file, "{\"op\":\"%s\",\"about\":\"%s\",\"setup\":\"%s\",\"flaky\":%d}\n", op->name,
          op->about, op->setup, op->flags & OP_FLAKY ? 1 : 0);
  need(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gate), "socketpair");
  process = fork();
  if (process == 0) start_op(op, gate[1]);
  close(gate[1]);
  steps = wait_for(process, gate[0]);
  close(gate[0]);
  op_name = op->name;
  if (steps < 0)
    dprintf(1, "recorder: %s FAILED\n", op->name);
  else if (op->flags & OP_SHOWS_END)
    end_show(steps);
  op_name = NULL;
  write_text("/freezer/op/freezer.state", "THAWED");
  while (waitpid(-1, NULL, 0) > 0)
    ;
  ioctl(device_file, REC_FORGET);
  swapon("/dev/zram0", 0);  // An operation may have turned it off.
}

static int kernel_version(void) {
  struct utsname name;
  int major = 0, minor = 0;

  uname(&name);
  sscanf(name.release, "%d.%d", &major, &minor);
  return major * 100 + minor;
}

static int chosen(const struct op* op, const char* names) {
  const size_t length = strlen(op->name);
  const char* found = names;

  while (found && *found) {
    if (!strncmp(found, op->name, length) && (found[length] == ',' || found[length] == 0)) return 1;
    found = strchr(found, ',');
    found += found != NULL;
  }
  return !names || !*names;
}

static int run_all(const char* names) {
  const int version = kernel_version();
  const struct op* op;
  size_t i;
  int count = 0;

  for (i = 0; i < TOPICS; ++i)
    for (op = topics[i]; op->name; ++op)
      if (op->since <= version && chosen(op, names)) {
        run(op);
        ++count;
      }
  return count;
}

static void say_machine(double boot_s) {
  struct utsname name;

  uname(&name);
  dprintf(record_file,
          "{\"kernel\":\"%s\",\"version\":\"%s\",\"machine\":\"qemu-tcg\",\"cpus\":%ld,"
          "\"format\":1,\"boot_s\":%.2f}\n",
          name.release, name.version, sysconf(_SC_NPROCESSORS_ONLN), boot_s);
}

// `recorder=a,b` on the kernel's command line chooses operations; it becomes a variable of ours.
static void be_init(void) {
  const double boot_s = uptime();
  int count;

  pin_to(0);
  make_machine();
  record_file = open_record();
  device_file = open(DEVICE, O_RDWR);
  need(device_file, DEVICE);
  say_machine(boot_s);
  pin_to(1);
  count = run_all(getenv("recorder"));
  dprintf(record_file, "{\"end\":1,\"ops\":%d,\"uptime_s\":%.2f}\n", count, uptime());
  tcdrain(record_file);
  sync();
  reboot(RB_POWER_OFF);
}

static const struct op* find(const char* name) {
  const struct op* op;
  size_t i;

  for (i = 0; i < TOPICS; ++i)
    for (op = topics[i]; op->name; ++op)
      if (!strcmp(op->name, name)) return op;
  return NULL;
}

// Touches the stack below, so that no step is the first to do so.
static void touch_stack(void) {
  volatile char room[4 * PAGE];
  size_t i;

  for (i = 0; i < sizeof(room); i += PAGE) room[i] = 1;
}

// Stays between the regions and the stack: next to one that grows, munmap takes other locks. It is
// shared and dirty, which shows at the end of the process: such pages are flushed at once.
static void map_neighbour(void) {
  char* page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  need(page == MAP_FAILED ? -1 : 0, "mmap");
  *(volatile char*)page = 1;
}

static void be_op(const char* name) {
  const struct op* op = find(name);

  op_name = name;
  pin_to(0);
  wait_at_gate();
  record_file = open_record();
  device_file = open(DEVICE, O_RDWR | O_CLOEXEC);
  if (!op || device_file < 0) _exit(254);
  touch_stack();
  map_neighbour();
  op->run();
  if (op->flags & OP_SHOWS_END) end_begin();
  _exit(steps_done());
}

int main(int count, char** words) {
  if (count == 3 && !strcmp(words[1], "--op")) be_op(words[2]);
  if (count == 2 && !strcmp(words[1], "--sleep"))
    for (;;) pause();
  if (getpid() == 1) be_init();
  return 1;
}
