//! One way to reach the gateway: dial, TLS, WebSocket, MQTT, reconnect, and a sealed byte stream.
