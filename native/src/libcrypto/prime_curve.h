// The random ECP groups of RFC 5903: public values are x | y, the secret is x.
#ifndef LIBCRYPTO_PRIME_CURVE_H_
#define LIBCRYPTO_PRIME_CURVE_H_

#include "exchange.h"
#include "owned.h"

namespace libcrypto {

class PrimeCurve final : public Method {
 public:
  // `octets` of a coordinate, and of the order.
  PrimeCurve(int nid, size_t octets)
      : Method({octets, 2 * octets, octets}),
        group_(EC_GROUP_new_by_curve_name(nid)),
        context_(BN_CTX_new()) {}

  Status Generate(uint8_t* private_key, uint8_t* public_value) override;
  Status Derive(const uint8_t* private_key, const uint8_t* public_value, const uint8_t* peer,
                uint8_t* secret) override;
  Status Publish(const uint8_t* private_key, uint8_t* public_value) override;

 private:
  bool Publish(const BIGNUM* scalar, uint8_t* public_value);

  Group group_;
  NumberContext context_;
};

}  // namespace libcrypto

#endif  // LIBCRYPTO_PRIME_CURVE_H_
