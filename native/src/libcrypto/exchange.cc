#include "exchange.h"

#include <openssl/obj_mac.h>
#include <string.h>

#include "modp.h"
#include "montgomery_curve.h"
#include "prime_curve.h"

namespace libcrypto {
namespace {

constexpr size_t kMaxValue = 512;  // of a MODP group of 4096 bits

// An answer that says nothing about where a secret differs from zero.
bool IsZero(const uint8_t* octets, size_t length) {
  uint8_t bits = 0;
  for (size_t i = 0; i < length; i++) bits |= octets[i];
  return bits == 0;
}

// The order is that of libcrypto.ts.
Method* Create(uint32_t index) {
  switch (index) {
    case 0:
      return new MontgomeryCurve("X25519", {32, 32, 32});
    case 1:
      return new MontgomeryCurve("X448", {56, 56, 56});
    case 2:
      return new PrimeCurve(NID_X9_62_prime256v1, 32);
    case 3:
      return new PrimeCurve(NID_secp384r1, 48);
    case 4:
      return new PrimeCurve(NID_secp521r1, 66);
    case 5:
      return new Modp(BN_get_rfc3526_prime_2048, 256, 32);
    case 6:
      return new Modp(BN_get_rfc3526_prime_3072, 384, 40);
    default:
      return new Modp(BN_get_rfc3526_prime_4096, 512, 48);
  }
}

}  // namespace

Status Method::Respond(const uint8_t* peer, uint8_t* public_value, uint8_t* secret) {
  uint8_t private_key[kMaxValue];
  Status status = Generate(private_key, public_value);
  if (status == kDone) status = Derive(private_key, public_value, peer, secret);
  OPENSSL_cleanse(private_key, lengths.private_key);
  return status;
}

Method* Exchanges::Find(uint32_t index) {
  if (index >= kMethods) return nullptr;
  if (methods_[index] == nullptr) methods_[index].reset(Create(index));
  return methods_[index].get();
}

Status Exchanges::Generate(uint8_t* slab, const uint32_t (&numbers)[1]) {
  Method* method = Find(numbers[0]);
  if (method == nullptr) return kMisused;
  return method->Generate(slab, slab + method->lengths.private_key);
}

Status Exchanges::Publish(uint8_t* slab, const uint32_t (&numbers)[1]) {
  Method* method = Find(numbers[0]);
  if (method == nullptr) return kMisused;
  return method->Publish(slab, slab + method->lengths.private_key);
}

Status Exchanges::Derive(uint8_t* slab, const uint32_t (&numbers)[1]) {
  Method* method = Find(numbers[0]);
  if (method == nullptr) return kMisused;
  const auto [private_octets, public_octets, secret_octets] = method->lengths;
  const uint8_t* public_value = slab + private_octets;
  uint8_t secret[kMaxValue];
  Status status = method->Derive(slab, public_value, public_value + public_octets, secret);
  if (status == kDone && IsZero(secret, secret_octets)) status = kRefused;
  OPENSSL_cleanse(slab, private_octets);
  if (status == kDone) memcpy(slab, secret, secret_octets);
  OPENSSL_cleanse(secret, secret_octets);
  return status;
}

Status Exchanges::Respond(uint8_t* slab, const uint32_t (&numbers)[1]) {
  Method* method = Find(numbers[0]);
  if (method == nullptr) return kMisused;
  const auto [private_octets, public_octets, secret_octets] = method->lengths;
  uint8_t public_value[kMaxValue];
  uint8_t secret[kMaxValue];
  Status status = method->Respond(slab, public_value, secret);
  if (status == kDone && IsZero(secret, secret_octets)) status = kRefused;
  if (status == kDone) {
    memcpy(slab, public_value, public_octets);
    memcpy(slab + public_octets, secret, secret_octets);
  }
  OPENSSL_cleanse(secret, secret_octets);
  return status;
}

}  // namespace libcrypto
