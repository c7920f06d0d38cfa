import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.ConvertApi;
import org.openapitools.client.api.ConvertApi.APIConvertFormRequest;
import org.openapitools.client.api.InspectApi;
import org.openapitools.client.api.InspectApi.APIInspectRequest;

/**
 * Calls the service through the client that openapi-generator makes: address, photo, PDF. It sends forms, since that client
 * writes the name of a file, and not the file, into a body that is no form.
 */
public class Generated {
    public static void main(String[] args) throws Exception {
        var client = new ApiClient();
        client.updateBaseUri(args[0]);
        var convert = new ConvertApi(client);
        var inspect = new InspectApi(client);
        var photo = new File(args[1]);

        var pdf = convert.convertForm(APIConvertFormRequest.newBuilder().myfile(List.of(photo, photo)).gray(true).build());
        Files.move(pdf.toPath(), Path.of(args[2]));
        var inspections = inspect.inspect(APIInspectRequest.newBuilder().myfile(List.of(photo)).build());
        System.out.println(inspections.getFiles().get(0).getInspection().getWidth());
        System.out.println(inspect.limits().getMaxStreamBytes());
        try {
            convert.convertForm(APIConvertFormRequest.newBuilder().myfile(List.of(photo)).quality(400).build());
        } catch (ApiException refused) {
            System.out.println(refused.getCode());
        }
    }
}
