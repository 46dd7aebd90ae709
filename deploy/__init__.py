"""What a deployment needs beside the application: engines and images."""
