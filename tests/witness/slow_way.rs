//! A way to a witness on which every answer takes a while.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Passes connections on to `target`, and what comes back `delay` later. Returns its address. It
/// ends with the test's process.
pub fn slow_way(target: SocketAddr, delay: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(server) = TcpStream::connect(target) else { continue };
            let both = client.try_clone().and_then(|client| Ok((client, server.try_clone()?)));
            let Ok((client_again, server_again)) = both else { continue };
            thread::spawn(move || pass(client, server, Duration::ZERO));
            thread::spawn(move || pass(server_again, client_again, delay));
        }
    });
    address
}

fn pass(mut from: TcpStream, mut to: TcpStream, delay: Duration) {
    let mut bytes = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        thread::sleep(delay);
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Both));
}
