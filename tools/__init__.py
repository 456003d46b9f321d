"""What remakes the committed documentation and reports. No part of the installed package."""
