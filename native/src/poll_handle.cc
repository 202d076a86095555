#include "poll_handle.h"

#include <errno.h>
#include <unistd.h>

namespace netlink_xfrm {

int PollHandle::Open(napi_env env, int fd, PollOwner* owner, PollHandle** out) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return -EINVAL;
  auto* self = new PollHandle(fd, owner);
  self->poll_.data = self;
  const int failure = uv_poll_init(loop, &self->poll_, fd);
  if (failure != 0) {
    delete self;
    return failure;
  }
  if (napi_add_async_cleanup_hook(env, OnEnvironmentExit, self, &self->hook_) != napi_ok) {
    self->hook_ = nullptr;
  }
  *out = self;
  return 0;
}

int PollHandle::Start(int events) {
  if (owner_ == nullptr) return -EBADF;
  if (events == events_) return 0;
  const int failure = uv_poll_start(&poll_, events, OnPoll);
  if (failure == 0) events_ = events;
  return failure;
}

void PollHandle::SetRef(bool on) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&poll_);
  if (on) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

void PollHandle::Shut(bool exiting) {
  if (owner_ == nullptr) return;
  PollOwner* owner = owner_;
  owner_ = nullptr;
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), OnClosed);
  // libuv has forgotten the descriptor inside uv_close, so its number may be reused from here on.
  close(fd_);
  fd_ = -1;
  owner->OnPollClosed(exiting);
}

void PollHandle::OnPoll(uv_poll_t* handle, int status, int events) {
  auto* self = static_cast<PollHandle*>(handle->data);
  if (self->owner_ == nullptr) return;
  // libuv stops a handle on POLLERR. On netlink that is an overrun (ENOBUFS), which must be
  // survived: report what the socket says, then poll again for the same events.
  const bool failed = status < 0;
  const int wanted = self->events_;
  if (failed) self->events_ = 0;
  self->owner_->OnReady(failed ? UV_READABLE : events, failed);
  if (failed && self->owner_ != nullptr && self->events_ == 0) self->Start(wanted);
}

void PollHandle::OnClosed(uv_handle_t* handle) {
  auto* self = static_cast<PollHandle*>(handle->data);
  if (self->hook_ != nullptr) napi_remove_async_cleanup_hook(self->hook_);
  delete self;
}

void PollHandle::OnEnvironmentExit(napi_async_cleanup_hook_handle, void* self) {
  static_cast<PollHandle*>(self)->Shut(true);
}

void CallIntoJs(napi_env env, napi_async_context context, napi_value receiver, napi_value callback,
                size_t argc, const napi_value* argv) {
  napi_value result = nullptr;
  napi_make_callback(env, context, receiver, callback, argc, argv, &result);
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  napi_value exception = nullptr;
  if (napi_get_and_clear_last_exception(env, &exception) == napi_ok) {
    napi_fatal_exception(env, exception);
  }
}

}  // namespace netlink_xfrm
