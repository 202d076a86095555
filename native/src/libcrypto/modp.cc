#include "modp.h"

#include <openssl/rand.h>

namespace libcrypto {

Modp::Modp(BIGNUM* (*prime)(BIGNUM*), size_t octets, size_t exponent_octets)
    : Method({exponent_octets, octets, octets}),
      prime_(prime(nullptr)),
      largest_(prime_ == nullptr ? nullptr : BN_dup(prime_.get())),
      generator_(BN_new()),
      context_(BN_CTX_new()),
      montgomery_(BN_MONT_CTX_new()) {
  sound_ = largest_ != nullptr && generator_ != nullptr && context_ != nullptr &&
           montgomery_ != nullptr && BN_sub_word(largest_.get(), 2) == 1 &&
           BN_set_word(generator_.get(), 2) == 1 &&
           BN_MONT_CTX_set(montgomery_.get(), prime_.get(), context_.get()) == 1;
}

bool Modp::Power(const BIGNUM* base, const uint8_t* exponent, uint8_t* result) {
  const Number power(BN_new());
  const Number private_key(BN_bin2bn(exponent, static_cast<int>(lengths.private_key), nullptr));
  const int size = static_cast<int>(lengths.public_value);
  if (power == nullptr || private_key == nullptr) return false;
  BN_set_flags(private_key.get(), BN_FLG_CONSTTIME);
  return BN_mod_exp_mont_consttime(power.get(), base, private_key.get(), prime_.get(),
                                   context_.get(), montgomery_.get()) == 1 &&
         BN_bn2binpad(power.get(), result, size) == size;
}

Status Modp::Generate(uint8_t* private_key, uint8_t* public_value) {
  if (!sound_ || RAND_priv_bytes(private_key, static_cast<int>(lengths.private_key)) != 1) {
    return kFailed;
  }
  private_key[0] |= 0x80;
  return Publish(private_key, public_value);
}

Status Modp::Publish(const uint8_t* private_key, uint8_t* public_value) {
  return sound_ && Power(generator_.get(), private_key, public_value) ? kDone : kFailed;
}

Status Modp::Derive(const uint8_t* private_key, const uint8_t*, const uint8_t* peer,
                    uint8_t* secret) {
  if (!sound_) return kFailed;
  const Number base(BN_bin2bn(peer, static_cast<int>(lengths.public_value), nullptr));
  if (base == nullptr) return kFailed;
  // 1 < y < p - 1 is all that a safe prime needs (RFC 6989 section 2.1).
  if (BN_is_zero(base.get()) || BN_is_one(base.get()) ||
      BN_cmp(base.get(), largest_.get()) > 0) {
    return kRefused;
  }
  return Power(base.get(), private_key, secret) ? kDone : kFailed;
}

}  // namespace libcrypto
