/* A stand-in for cargo: writes down how it was called, then runs the command line in FAKE_CARGO_DOES, whose end is its own.

   The folder for its notes is named in the file `<this program>.record` (UTF-8): `arguments` (their number and they,
   each ended by NUL), `environ` (as `env -0` has it), and last `called` (the name of this program and its process). */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#define LENGTH 4096

static void put(FILE *file, const wchar_t *text)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *bytes = malloc(size);
    WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, size, NULL, NULL);
    fwrite(bytes, 1, size, file);
    free(bytes);
}

static FILE *note(const wchar_t *folder, const wchar_t *name)
{
    wchar_t path[LENGTH];
    swprintf(path, LENGTH, L"%ls\\%ls", folder, name);
    FILE *file = _wfopen(path, L"wb");
    if (!file)
        exit(99);
    return file;
}

int wmain(int count, wchar_t **arguments)
{
    wchar_t self[LENGTH], sidecar[LENGTH], folder[LENGTH] = L"", does[LENGTH];
    char name[LENGTH] = "";
    GetModuleFileNameW(NULL, self, LENGTH);
    swprintf(sidecar, LENGTH, L"%ls.record", self);
    FILE *file = _wfopen(sidecar, L"rb");
    if (file) {
        name[fread(name, 1, LENGTH - 1, file)] = 0;
        fclose(file);
        MultiByteToWideChar(CP_UTF8, 0, name, -1, folder, LENGTH);
        file = note(folder, L"arguments");
        fprintf(file, "%d", count - 1);
        fputc(0, file);
        for (int at = 1; at < count; at++)
            put(file, arguments[at]);
        fclose(file);
        file = note(folder, L"environ");
        for (wchar_t *at = GetEnvironmentStringsW(); *at; at += wcslen(at) + 1)
            if (*at != L'=') /* the current folder of a drive */
                put(file, at);
        fclose(file);
        file = note(folder, L"called");
        wchar_t *base = wcsrchr(self, L'\\') + 1;
        fprintf(file, "%.*ls %lu\n", (int)(wcslen(base) - 4), base, GetCurrentProcessId());
        fclose(file);
    }
    DWORD size = GetEnvironmentVariableW(L"FAKE_CARGO_DOES", does, LENGTH), code = 0;
    if (size > 0 && size < LENGTH) {
        STARTUPINFOW start = {.cb = sizeof start};
        PROCESS_INFORMATION child;
        if (!CreateProcessW(NULL, does, NULL, NULL, TRUE, 0, NULL, NULL, &start, &child))
            return 98;
        WaitForSingleObject(child.hProcess, INFINITE);
        GetExitCodeProcess(child.hProcess, &code);
    }
    return (int)code;
}
