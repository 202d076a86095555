// A file descriptor on the libuv loop of one Node.js environment, with the
// three ways it can end (close, environment exit, failed open) in one place.
#ifndef NETLINK_XFRM_POLL_HANDLE_H_
#define NETLINK_XFRM_POLL_HANDLE_H_

#include <napi.h>
#include <uv.h>

namespace netlink_xfrm {

// What a socket class implements to be told that its descriptor is ready.
class PollOwner {
 public:
  // `failed` is set when libuv stopped polling because of POLLERR: the owner
  // reads the pending socket error and polling is resumed afterwards.
  virtual void OnReady(int events, bool failed) = 0;
  // The handle is gone: the owner must forget its pointer. `exiting` forbids
  // calls into JavaScript and reference changes.
  virtual void OnPollClosed(bool exiting) = 0;

 protected:
  ~PollOwner() = default;
};

class PollHandle {
 public:
  // Takes `fd` over when it returns 0; answers a negative errno otherwise and
  // leaves `fd` to the caller.
  static int Open(napi_env env, int fd, PollOwner* owner, PollHandle** out);

  // Polls for these events (UV_READABLE | UV_WRITABLE) from now on.
  int Start(int events);
  // Closes the descriptor at once; the object deletes itself once libuv let go.
  void Close() { Shut(false); }
  void SetRef(bool on);
  int fd() const { return fd_; }

 private:
  PollHandle(int fd, PollOwner* owner) : fd_(fd), owner_(owner) {}
  ~PollHandle() = default;
  void Shut(bool exiting);
  static void OnPoll(uv_poll_t* handle, int status, int events);
  static void OnClosed(uv_handle_t* handle);
  static void OnEnvironmentExit(napi_async_cleanup_hook_handle hook, void* self);

  uv_poll_t poll_ = {};
  napi_async_cleanup_hook_handle hook_ = nullptr;
  int fd_;
  int events_ = 0;
  PollOwner* owner_;
};

// Calls `callback` as Node.js calls its own: microtasks run afterwards, and an
// exception becomes 'uncaughtException' instead of crossing libuv.
void CallIntoJs(napi_env env, napi_async_context context, napi_value receiver, napi_value callback,
                size_t argc, const napi_value* argv);

}  // namespace netlink_xfrm

#endif  // NETLINK_XFRM_POLL_HANDLE_H_
