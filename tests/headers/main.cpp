// Linked with one object per public header.
int main() { return 0; }
