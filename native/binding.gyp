{
  "target_defaults": {
    "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
    "defines": ["NAPI_VERSION=9", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_ADDON_API_DISABLE_DEPRECATED"],
    "cflags": ["-Wall", "-Wextra", "-fstack-protector-strong"],
    "cflags!": ["-Wno-unused-parameter"],
    "cflags_cc": ["-std=gnu++17", "-fno-exceptions", "-fvisibility=hidden"],
    "ldflags": ["-Wl,-z,relro,-z,now"],
    "configurations": {
      "Release": {
        "cflags": ["-O2", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=3"],
        "cflags!": ["-O3"]
      }
    },
    "conditions": [
      ["OS!='linux'", { "type": "none" }]
    ]
  },
  "targets": [
    {
      "target_name": "netlink_xfrm",
      "sources": [
        "src/addon.cc",
        "src/poll_handle.cc",
        "src/local_datagram.cc",
        "src/netlink_socket.cc",
        "src/peer_credentials.cc",
        "src/datagram_io.cc",
        "src/udp_socket.cc"
      ]
    },
    {
      "target_name": "node_libcrypto",
      "sources": [
        "src/libcrypto/addon.cc",
        "src/libcrypto/ciphers.cc",
        "src/libcrypto/exchange.cc",
        "src/libcrypto/hashes.cc",
        "src/libcrypto/kem.cc",
        "src/libcrypto/modp.cc",
        "src/libcrypto/montgomery_curve.cc",
        "src/libcrypto/prime_curve.cc",
        "src/libcrypto/slab.cc"
      ]
    },
    {
      "target_name": "netlink_xfrm_reference",
      "sources": [
        "src/reference_encoder.cc",
        "src/reference_layout.cc",
        "src/test_namespace.cc"
      ]
    }
  ]
}
