// Network namespaces for tests: the calling thread moves into a fresh one and back.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "reference.h"

namespace reference {

// Answers a descriptor of the namespace that was left, or a negative errno.
Napi::Value EnterNewNamespace(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int old = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (old < 0) return Napi::Number::New(env, -errno);
  if (unshare(CLONE_NEWNET) != 0) {
    const int failure = errno;
    close(old);
    return Napi::Number::New(env, -failure);
  }
  return Napi::Number::New(env, old);
}

// Takes that descriptor back; answers 0 or a negative errno.
Napi::Value LeaveNamespace(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const int old = info[0].ToNumber().Int32Value();
  const int failure = setns(old, CLONE_NEWNET) == 0 ? 0 : -errno;
  close(old);
  return Napi::Number::New(env, failure);
}

}  // namespace reference
