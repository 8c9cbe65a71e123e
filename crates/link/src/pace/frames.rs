//! The frames of one direction of an HTTP/2 connection, as far as pacing needs them (RFC 9113, section 4.1).

/// The head of a frame: `length u24 | kind u8 | flags u8 | stream u32`.
pub(super) const FRAME_HEAD: usize = 9;
/// What a client sends before its first frame (RFC 9113, section 3.4).
pub(super) const PREFACE: usize = 24;
/// The kind whose length counts against the windows, padding and all.
pub(super) const DATA: u8 = 0x0;
/// The kind that grants.
pub(super) const WINDOW_UPDATE: u8 = 0x8;

/// What the head of a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) length: u32,
    pub(super) kind: u8,
    stream: u32,
}

impl Head {
    /// Reads a head; `None` where a part of it is missing.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let [high, middle, low, kind, _flags, a, b, c, d] = *bytes.first_chunk::<FRAME_HEAD>()?;
        let length = u32::from_be_bytes([0, high, middle, low]);
        Some(Self { length, kind, stream: u32::from_be_bytes([a, b, c, d]) & !(1 << 31) })
    }

    /// Whether the frame grants something to the connection as a whole.
    pub(super) const fn is_connection_update(&self) -> bool {
        self.kind == WINDOW_UPDATE && self.stream == 0 && self.length == 4
    }
}

/// Writes the frame that grants `more` bytes to the connection as a whole.
pub(super) fn window_update(more: u32) -> [u8; FRAME_HEAD + 4] {
    let [a, b, c, d] = more.to_be_bytes();
    [0, 0, 4, WINDOW_UPDATE, 0, 0, 0, 0, 0, a, b, c, d]
}

/// Where in its frames a direction is.
#[derive(Debug)]
pub(super) struct Frames {
    /// What is left of the present frame, or of what comes before the first one.
    left: usize,
    head: [u8; FRAME_HEAD],
    /// How much of the next head is there.
    filled: usize,
}

impl Frames {
    /// Begins after `preface` bytes that are no frame.
    pub(super) const fn new(preface: usize) -> Self {
        Self { left: preface, head: [0; FRAME_HEAD], filled: 0 }
    }

    /// Goes on by these bytes, and tells of each head that is complete.
    pub(super) fn follow(&mut self, mut bytes: &[u8], mut seen: impl FnMut(Head)) {
        while !bytes.is_empty() {
            let skipped = self.left.min(bytes.len());
            self.left -= skipped;
            bytes = &bytes[skipped..];
            let taken = bytes.len().min(FRAME_HEAD - self.filled);
            self.head[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
            self.filled += taken;
            bytes = &bytes[taken..];
            if self.filled == FRAME_HEAD
                && let Some(head) = Head::read(&self.head)
            {
                self.begin(head.length);
                seen(head);
            }
        }
    }

    /// A frame of this length begins, its head being through.
    pub(super) fn begin(&mut self, length: u32) {
        (self.left, self.filled) = (length as usize, 0);
    }

    /// Returns what is there of a head that is not whole.
    pub(super) fn begun(&self) -> &[u8] {
        &self.head[..self.filled]
    }

    /// Returns what is left of the present frame, its head being through.
    pub(super) const fn left(&self) -> usize {
        self.left
    }

    /// Whether the last frame is whole and the next has not begun.
    pub(super) const fn is_between(&self) -> bool {
        self.left == 0 && self.filled == 0
    }
}
