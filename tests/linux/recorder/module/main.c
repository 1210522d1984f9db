// SPDX-License-Identifier: GPL-2.0-only
// /dev/recorder: the ioctls of abi.h, and read(), which hands out the log of the last step.
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "recorder.h"

static void look(struct rec_window* window) {
  window->count = rec_slots[1].mm ? rec_window_count() : 0;
  if (window->count) rec_sample(rec_slots[1].mm, window->window);
}

static long begin(struct rec_window* window) {
  look(window);
  rec_begin();
  return 0;
}

static long finish(struct rec_window* window) {
  rec_finish();
  look(window);
  return 0;
}

static long watch(const struct rec_watch* what) {
  if (what->count + what->target_count > REC_WINDOW) return -EINVAL;
  rec_forget_state();
  rec_watch = *what;
  return 0;
}

static long watched(struct rec_watch* what) {
  *what = rec_watch;
  return 0;
}

static long forget(void) {
  rec_finish();
  rec_forget_notifiers();
  rec_forget_state();
  return 0;
}

static long act(unsigned int command, void* argument) {
  switch (command) {
    case REC_WATCH:
      return watch(argument);
    case REC_WATCHED:
      return watched(argument);
    case REC_REGISTER:
      return rec_register(*(u32*)argument);
    case REC_UNREGISTER:
      return rec_unregister(*(u32*)argument);
    case REC_BEGIN:
      return begin(argument);
    case REC_FINISH:
      return finish(argument);
    case REC_FORGET:
      return forget();
    case REC_INSERT:
      return rec_insert(argument);
    case REC_REMOVE:
      return rec_remove(argument);
    case REC_READ_BEGIN:
      return rec_read_begin(argument);
    case REC_READ_RETRY:
      return rec_read_retry(argument);
    case REC_HMM:
      return rec_hmm(argument);
    case REC_MIGRATE:
      return rec_migrate(argument);
    case REC_EXCLUSIVE:
      return rec_exclusive(argument);
    default:
      return -ENOTTY;
  }
}

static long on_ioctl(struct file* file, unsigned int command, unsigned long user) {
  u64 argument[32] = {};
  long result;

  if (_IOC_SIZE(command) > sizeof(argument)) return -EINVAL;
  if ((_IOC_DIR(command) & _IOC_WRITE) &&
      copy_from_user(argument, (void __user*)user, _IOC_SIZE(command)))
    return -EFAULT;
  result = act(command, argument);
  if ((_IOC_DIR(command) & _IOC_READ) &&
      copy_to_user((void __user*)user, argument, _IOC_SIZE(command)))
    return -EFAULT;
  return result;
}

static ssize_t on_read(struct file* file, char __user* to, size_t bytes, loff_t* offset) {
  return rec_read(to, bytes);
}

static const struct file_operations file_ops = {
    .owner = THIS_MODULE, .unlocked_ioctl = on_ioctl, .read = on_read};
static struct miscdevice device = {
    .minor = MISC_DYNAMIC_MINOR, .name = "recorder", .fops = &file_ops};

static int __init recorder_init(void) {
  int error = rec_state_init();

  if (error) return error;
  error = rec_probes_init();
  if (error) goto no_probes;
  error = rec_device_init();
  if (error) goto no_device;
  error = misc_register(&device);
  if (!error) return 0;
  rec_device_exit();
no_device:
  rec_probes_exit();
no_probes:
  rec_state_exit();
  return error;
}

static void __exit recorder_exit(void) {
  misc_deregister(&device);
  forget();
  rec_device_exit();
  rec_probes_exit();
  rec_state_exit();
}

module_init(recorder_init);
module_exit(recorder_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Records what a kernel calls on the MMU notifiers of a process");
