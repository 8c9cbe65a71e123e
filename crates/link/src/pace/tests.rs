use std::future::Future;

use bytes::Bytes;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::frames::WINDOW_UPDATE;
use super::*;

const PACE: u32 = 64 * 1024;
const UNREAD: u32 = 16 * PACE;

/// Runs an HTTP/2 client above a pace and a server whose answers have the length that their path says.
async fn connect(near: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, far: DuplexStream) -> Requests {
    tokio::spawn(async move {
        let mut server = h2::server::handshake(far).await.unwrap();
        while let Some(Ok((request, mut respond))) = server.accept().await {
            tokio::spawn(async move {
                let length = request.uri().path()[1..].parse().unwrap();
                let mut body = respond.send_response(http::Response::new(()), false).unwrap();
                body.send_data(Bytes::from(vec![7; length]), true).unwrap();
            });
        }
    });
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(PACE).initial_connection_window_size(UNREAD);
    let (requests, connection) = builder.handshake::<_, Bytes>(near).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    requests
}

type Requests = h2::client::SendRequest<Bytes>;

async fn get(requests: &Requests, length: usize) -> h2::RecvStream {
    let mut requests = requests.clone().ready().await.unwrap();
    let request = http::Request::get(format!("http://far/{length}")).body(()).unwrap();
    requests.send_request(request, true).unwrap().0.await.unwrap().into_body()
}

async fn read(mut body: h2::RecvStream) -> usize {
    let mut read = 0;
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        read += data.len();
        body.flow_control().release_capacity(data.len()).unwrap();
    }
    read
}

/// A task that did not get anywhere within the idle time of a paused clock is one that never will.
async fn stalls(task: impl Future) -> bool {
    tokio::time::timeout(std::time::Duration::from_secs(60), task).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn answers_that_nobody_reads_do_not_hold_up_others() {
    let (near, far) = tokio::io::duplex(1 << 16);
    let requests = connect(Paced::client(near, PACE), far).await;
    let mut unread = Vec::new();
    for _ in 0..8 {
        unread.push(get(&requests, 10 * PACE as usize).await);
    }
    assert_eq!(read(get(&requests, 3 * PACE as usize).await).await, 3 * PACE as usize);
    // And they go on where they were.
    for body in unread {
        assert_eq!(read(body).await, 10 * PACE as usize);
    }
}

/// What the pace is for: without it the same window for what is under way holds everything up.
#[tokio::test(start_paused = true)]
async fn without_a_pace_one_unread_answer_holds_up_all() {
    let (near, far) = tokio::io::duplex(1 << 16);
    let requests = connect(Small(near), far).await;
    let unread = get(&requests, 10 * PACE as usize).await;
    let other = get(&requests, PACE as usize).await;
    assert!(stalls(read(other)).await);
    drop(unread);
}

/// Leaves the connection the first window of HTTP/2, and no more.
struct Small(DuplexStream);

impl AsyncRead for Small {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Small {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let update = [0, 0, 4, WINDOW_UPDATE, 0, 0, 0, 0, 0];
        let Some(start) = bytes.windows(update.len()).position(|window| window == update) else {
            return Pin::new(&mut self.get_mut().0).poll_write(cx, bytes);
        };
        let kept = [&bytes[..start], &bytes[start + UPDATE..]].concat();
        let written = ready!(Pin::new(&mut self.get_mut().0).poll_write(cx, &kept))?;
        assert_eq!(written, kept.len(), "the pipe takes the first frames whole");
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}

/// A frame of zeros.
fn frame(kind: u8, stream: u32, length: usize) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(length).unwrap().to_be_bytes();
    let mut frame = vec![a, b, c, kind, 0];
    frame.extend(stream.to_be_bytes());
    frame.resize(FRAME_HEAD + length, 0);
    frame
}

#[tokio::test]
async fn what_is_under_way_stays_within_the_pace_whatever_was_granted_on_top() {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let mut paced = Paced::server(near, PACE);
    paced.write_all(&window_update(UNREAD)).await.unwrap();
    paced.flush().await.unwrap();
    // The first window is more than half of the pace, and enough for now.
    far.write_all(&[0; PREFACE]).await.unwrap();
    let mut read = [0; PREFACE];
    paced.read_exact(&mut read).await.unwrap();
    assert_eq!(paced.allowed, FIRST_WINDOW);

    let mut granted = u64::from(FIRST_WINDOW);
    let mut sent = 0_u64;
    for _ in 0..40 {
        let data = frame(DATA, 1, 10_000);
        far.write_all(&data).await.unwrap();
        sent += 10_000;
        paced.read_exact(&mut vec![0; data.len()]).await.unwrap();
        paced.flush().await.unwrap();
        while granted - sent <= u64::from(PACE / 2) && granted < u64::from(FIRST_WINDOW + UNREAD) {
            let mut update = [0; UPDATE];
            far.read_exact(&mut update).await.unwrap();
            assert_eq!(update[..FRAME_HEAD], window_update(0)[..FRAME_HEAD]);
            granted += u64::from(u32::from_be_bytes(*update.last_chunk().unwrap()));
        }
        assert!(granted - sent <= u64::from(PACE));
    }
}

#[tokio::test]
async fn no_more_is_granted_than_the_connection_on_top_grants() {
    let (near, mut far) = tokio::io::duplex(1 << 20);
    let mut paced = Paced::server(near, PACE);
    paced.write_all(&window_update(1000)).await.unwrap();
    far.write_all(&[0; PREFACE]).await.unwrap();
    far.write_all(&frame(DATA, 1, 60_000)).await.unwrap();
    paced.read_exact(&mut vec![0; PREFACE + FRAME_HEAD + 60_000]).await.unwrap();
    paced.shutdown().await.unwrap();
    let mut sent = Vec::new();
    far.read_to_end(&mut sent).await.unwrap();
    assert_eq!(sent, window_update(1000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However frames are cut into writes, they arrive as they were, without the connection's own updates.
    #[test]
    fn frames_pass_unchanged_however_they_are_cut(
        frames in proptest::collection::vec((0_u8..10, 0_u32..3, 0_usize..60), 1..30),
        cuts in proptest::collection::vec(1_usize..40, 1..60),
        narrow in 1_usize..50,
    ) {
        let mut sent = vec![1; PREFACE];
        let mut expected = sent.clone();
        for (kind, stream, length) in frames {
            let length = if kind == WINDOW_UPDATE { 4 } else { length };
            let frame = frame(kind, stream, length);
            if !(kind == WINDOW_UPDATE && stream == 0) {
                expected.extend_from_slice(&frame);
            }
            sent.extend_from_slice(&frame);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let arrived = runtime.block_on(async {
            let (near, mut far) = tokio::io::duplex(narrow);
            let write = async move {
                let mut paced = Paced::client(near, PACE);
                let (mut rest, mut cuts) = (&sent[..], cuts.iter().cycle());
                while !rest.is_empty() {
                    let (part, after) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
                    let (a, b) = part.split_at(part.len() / 2);
                    let mut left = part.len();
                    if left > 1 {
                        left -= paced.write_vectored(&[IoSlice::new(a), IoSlice::new(b)]).await.unwrap();
                    }
                    paced.write_all(&part[part.len() - left..]).await.unwrap();
                    rest = after;
                }
                paced.shutdown().await.unwrap();
            };
            let mut arrived = Vec::new();
            let (read, ()) = tokio::join!(far.read_to_end(&mut arrived), write);
            read.unwrap();
            arrived
        });
        prop_assert_eq!(arrived, expected);
    }
}
