#include "prime_curve.h"

#include <string.h>

namespace libcrypto {
namespace {

constexpr size_t kMaxPoint = 1 + 2 * 66;

Number NewScalar() {
  Number scalar(BN_new());
  if (scalar != nullptr) BN_set_flags(scalar.get(), BN_FLG_CONSTTIME);
  return scalar;
}

}  // namespace

bool PrimeCurve::Publish(const BIGNUM* scalar, uint8_t* public_value) {
  const Point point(EC_POINT_new(group_.get()));
  uint8_t octets[kMaxPoint];
  // A single multiplication takes the same time for every scalar.
  const bool done =
      point != nullptr &&
      EC_POINT_mul(group_.get(), point.get(), scalar, nullptr, nullptr, context_.get()) == 1 &&
      EC_POINT_point2oct(group_.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED, octets,
                         sizeof(octets), context_.get()) == 1 + lengths.public_value;
  if (done) memcpy(public_value, octets + 1, lengths.public_value);
  return done;
}

Status PrimeCurve::Generate(uint8_t* private_key, uint8_t* public_value) {
  if (group_ == nullptr || context_ == nullptr) return kFailed;
  const Number scalar = NewScalar();
  if (scalar == nullptr) return kFailed;
  do {
    if (BN_priv_rand_range(scalar.get(), EC_GROUP_get0_order(group_.get())) != 1) return kFailed;
  } while (BN_is_zero(scalar.get()));
  const int size = static_cast<int>(lengths.private_key);
  const bool done = Publish(scalar.get(), public_value) &&
                    BN_bn2binpad(scalar.get(), private_key, size) == size;
  return done ? kDone : kFailed;
}

Status PrimeCurve::Publish(const uint8_t* private_key, uint8_t* public_value) {
  if (group_ == nullptr || context_ == nullptr) return kFailed;
  const Number scalar = NewScalar();
  if (scalar == nullptr ||
      BN_bin2bn(private_key, static_cast<int>(lengths.private_key), scalar.get()) == nullptr) {
    return kFailed;
  }
  if (BN_is_zero(scalar.get()) || BN_cmp(scalar.get(), EC_GROUP_get0_order(group_.get())) >= 0) {
    return kRefused;
  }
  return Publish(scalar.get(), public_value) ? kDone : kFailed;
}

Status PrimeCurve::Derive(const uint8_t* private_key, const uint8_t*, const uint8_t* peer,
                          uint8_t* secret) {
  if (group_ == nullptr || context_ == nullptr) return kFailed;
  const EC_GROUP* group = group_.get();
  const Point theirs(EC_POINT_new(group));
  const Point shared(EC_POINT_new(group));
  const Number scalar = NewScalar();
  if (theirs == nullptr || shared == nullptr || scalar == nullptr ||
      BN_bin2bn(private_key, static_cast<int>(lengths.private_key), scalar.get()) == nullptr) {
    return kFailed;
  }
  uint8_t octets[kMaxPoint];
  octets[0] = POINT_CONVERSION_UNCOMPRESSED;
  memcpy(octets + 1, peer, lengths.public_value);
  const size_t size = 1 + lengths.public_value;
  // Coordinates in range, on the curve and not at infinity: all there is to check where the cofactor is 1 (RFC 6989 section 2.3).
  if (EC_POINT_oct2point(group, theirs.get(), octets, size, context_.get()) != 1) return kRefused;
  if (EC_POINT_mul(group, shared.get(), nullptr, theirs.get(), scalar.get(), context_.get()) != 1) {
    return kFailed;
  }
  const bool done = EC_POINT_point2oct(group, shared.get(), POINT_CONVERSION_UNCOMPRESSED, octets,
                                       sizeof(octets), context_.get()) == size;
  if (done) memcpy(secret, octets + 1, lengths.secret);
  OPENSSL_cleanse(octets, sizeof(octets));
  return done ? kDone : kRefused;
}

}  // namespace libcrypto
