import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;

/** Converts a photo with Java's own client, and with a socket whose output is shut down: address, photo, PDF, PDF. */
public class Convert {
    public static void main(String[] args) throws Exception {
        var uri = URI.create(args[0] + "/v1/pdf");
        var request = HttpRequest.newBuilder(uri).POST(BodyPublishers.ofFile(Path.of(args[1]))).build();
        var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofFile(Path.of(args[2])));
        if (response.statusCode() != 200) {
            throw new IllegalStateException(Files.readString(response.body()));
        }
        var photo = Files.readAllBytes(Path.of(args[1]));
        try (var socket = new Socket(uri.getHost(), uri.getPort())) {
            var head = "POST /v1/pdf HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: " + photo.length + "\r\n\r\n";
            socket.getOutputStream().write(head.getBytes());
            socket.getOutputStream().write(photo);
            socket.shutdownOutput();
            InputStream answer = socket.getInputStream();
            Files.write(Path.of(args[3]), answer.readAllBytes());
        }
    }
}
