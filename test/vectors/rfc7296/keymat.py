"""Writes keymat.json: keys of RFC 7296 sections 2.13 to 2.18 computed with nothing but Python's hmac module."""
import hmac
import json


def prf(name, key, data):
    return hmac.new(key, data, name).digest()


def prf_plus(name, key, seed, length):
    output, block, n = b"", b"", 1
    while len(output) < length:
        block = prf(name, key, block + seed + bytes([n]))
        output += block
        n += 1
    return output[:length]


def counting(start, length):
    return bytes((start + i) & 0xFF for i in range(length))


def split(data, *lengths):
    parts = []
    for length in lengths:
        parts.append(data[:length].hex())
        data = data[length:]
    return parts


IKE_NAMES = ["skD", "skAi", "skAr", "skEi", "skEr", "skPi", "skPr"]


def ike(name, skeyseed, prf_octets, integ, encr):
    seed = ni + nr + spi_i + spi_r
    parts = [prf_octets, integ, integ, encr, encr, prf_octets, prf_octets]
    return dict(zip(IKE_NAMES, split(prf_plus(name, skeyseed, seed, sum(parts)), *parts)))


ni, nr = counting(0x10, 32), counting(0x80, 48)
spi_i, spi_r = bytes.fromhex("0102030405060708"), bytes.fromhex("f1f2f3f4f5f6f7f8")
secret, fresh = counting(0x33, 32), counting(0xC0, 66)
cases = []
for name, prf_octets, integ, encr in [
    ("sha256", 32, 0, 20),
    ("sha1", 20, 20, 16),
    ("sha384", 48, 24, 32),
    ("sha512", 64, 64, 36),
]:
    first = ike(name, prf(name, ni + nr, secret), prf_octets, integ, encr)
    sk_d = bytes.fromhex(first["skD"])
    # Rekeyed with another PRF: the old one makes SKEYSEED, the new one expands it.
    rekeyed = ike("sha256", prf(name, sk_d, fresh + ni + nr), 32, integ, encr)
    child_parts = [encr, integ, encr, integ]
    child = split(prf_plus(name, sk_d, ni + nr, sum(child_parts)), *child_parts)
    child_pfs = split(prf_plus(name, sk_d, fresh + ni + nr, sum(child_parts)), *child_parts)
    message, id_body = counting(0, 300), bytes([2, 0, 0, 0]) + b"moon.example.org"
    octets = message + nr + prf(name, bytes.fromhex(first["skPi"]), id_body)
    auth = prf(name, prf(name, b"a shared secret", b"Key Pad for IKEv2"), octets)
    cases.append(
        dict(prf=name, prfOctets=prf_octets, integrityOctets=integ, encryptionOctets=encr, ike=first,
             rekeyed=rekeyed, child=child, childPfs=child_pfs, signedOctets=octets.hex(), auth=auth.hex())
    )
print(json.dumps(dict(
    source="keymat.py beside this file", ni=ni.hex(), nr=nr.hex(), spiI=spi_i.hex(), spiR=spi_r.hex(),
    secret=secret.hex(), fresh=fresh.hex(), message=message.hex(), idBody=id_body.hex(), cases=cases), indent=1))
