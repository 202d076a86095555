// X25519 and X448, RFC 7748.
#ifndef LIBCRYPTO_MONTGOMERY_CURVE_H_
#define LIBCRYPTO_MONTGOMERY_CURVE_H_

#include "exchange.h"
#include "owned.h"

namespace libcrypto {

class MontgomeryCurve final : public Method {
 public:
  MontgomeryCurve(const char* name, const Lengths& lengths) : Method(lengths), name_(name) {}

  Status Generate(uint8_t* private_key, uint8_t* public_value) override;
  Status Derive(const uint8_t* private_key, const uint8_t* public_value, const uint8_t* peer,
                uint8_t* secret) override;
  Status Respond(const uint8_t* peer, uint8_t* public_value, uint8_t* secret) override;
  Status Publish(const uint8_t* private_key, uint8_t* public_value) override;

 private:
  Key NewKey();
  bool Publish(const Key& key, uint8_t* public_value) const;
  Status Derive(const Key& key, const uint8_t* peer, uint8_t* secret) const;

  const char* name_;
  KeyContext generator_;
};

}  // namespace libcrypto

#endif  // LIBCRYPTO_MONTGOMERY_CURVE_H_
