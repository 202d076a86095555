// The MODP groups of RFC 3526. Values are as long as the prime.
#ifndef LIBCRYPTO_MODP_H_
#define LIBCRYPTO_MODP_H_

#include "exchange.h"
#include "owned.h"

namespace libcrypto {

class Modp final : public Method {
 public:
  // Private exponents have `exponent_octets`, the first bit set.
  Modp(BIGNUM* (*prime)(BIGNUM*), size_t octets, size_t exponent_octets);

  Status Generate(uint8_t* private_key, uint8_t* public_value) override;
  Status Derive(const uint8_t* private_key, const uint8_t* public_value, const uint8_t* peer,
                uint8_t* secret) override;
  Status Publish(const uint8_t* private_key, uint8_t* public_value) override;

 private:
  bool Power(const BIGNUM* base, const uint8_t* exponent, uint8_t* result);

  Number prime_;
  Number largest_;  // p - 2
  Number generator_;
  NumberContext context_;
  Montgomery montgomery_;
  bool sound_ = false;
};

}  // namespace libcrypto

#endif  // LIBCRYPTO_MODP_H_
