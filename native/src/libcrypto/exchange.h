// What all Diffie-Hellman methods have in common, and their list.
#ifndef LIBCRYPTO_EXCHANGE_H_
#define LIBCRYPTO_EXCHANGE_H_

#include <memory>

#include "call.h"

namespace libcrypto {

// Octets of the values of a method as they lie in the slab.
struct Lengths {
  size_t private_key;
  size_t public_value;
  size_t secret;
};

// One Diffie-Hellman method. Every pointer has room for what `lengths` says. Nothing is kept between calls.
class Method {
 public:
  explicit Method(const Lengths& lengths) : lengths(lengths) {}
  virtual ~Method() = default;

  virtual Status Generate(uint8_t* private_key, uint8_t* public_value) = 0;
  virtual Status Derive(const uint8_t* private_key, const uint8_t* public_value,
                        const uint8_t* peer, uint8_t* secret) = 0;
  // Both at once, with a key that is used for this alone.
  virtual Status Respond(const uint8_t* peer, uint8_t* public_value, uint8_t* secret);
  // The public value of a private key that comes from elsewhere.
  virtual Status Publish(const uint8_t* private_key, uint8_t* public_value) = 0;

  const Lengths lengths;
};

class Exchanges {
 public:
  explicit Exchanges(uint8_t* slab) : slab_(slab) {}
  uint8_t* slab() { return slab_; }

  // (method): -> private | public
  Status Generate(uint8_t* slab, const uint32_t (&numbers)[1]);
  // (method): private -> private | public
  Status Publish(uint8_t* slab, const uint32_t (&numbers)[1]);
  // (method): private | public | peer's -> secret
  Status Derive(uint8_t* slab, const uint32_t (&numbers)[1]);
  // (method): peer's -> public | secret
  Status Respond(uint8_t* slab, const uint32_t (&numbers)[1]);

 private:
  static constexpr size_t kMethods = 8;

  Method* Find(uint32_t index);

  uint8_t* slab_;
  std::unique_ptr<Method> methods_[kMethods];
};

}  // namespace libcrypto

#endif  // LIBCRYPTO_EXCHANGE_H_
